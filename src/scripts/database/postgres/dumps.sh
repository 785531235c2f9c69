# Databases as files: what `unload` and `load` have in common. It follows engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

. "$BACKSTAY_DIR/lib/archive.sh"

# The programs of psql's version; those of another may not read what these write.
PG_DUMP=${CLIENT%/*}/pg_dump PG_RESTORE=${CLIENT%/*}/pg_restore
[ -x "$PG_DUMP" ] && [ -x "$PG_RESTORE" ] || say_failed "the target lacks pg_dump or pg_restore beside $CLIENT: install postgresql-client there"
BACKSTAY_JOBS=$(nproc 2>/dev/null || echo 2)
[ "$BACKSTAY_JOBS" -le 4 ] || BACKSTAY_JOBS=4

# Sets BACKSTAY_CONNECT, for libpq's own programs: connect_to DATABASE
connect_to() { BACKSTAY_CONNECT="service=backstay dbname=$(conninfo_word "$1") application_name='$session'"; }

# What was said last in a file, in one line; a full disk lets nobody say anything.
last_words() {
	words=$(grep -v '^$' "$1" 2>/dev/null | tail -n 2 | tr '\n' ' ') || :
	printf %s "${words:-is the disk of $BACKSTAY_PATH full?}"
}

# Definitions as they can be compared: without comments, and without what is a random word each time.
plain_schema() { grep -v -e '^--' -e '^\\restrict ' -e '^\\unrestrict ' "$1"; }

# A closed one is opened for as long as it is read. Nobody but us knows that it is there.
allow_connections() { ask "ALTER DATABASE :\"name\" ALLOW_CONNECTIONS $2" -v name="$1"; }

# What has been loaded stands at its place, closed, and what `restore-of` has to know of it in BACKSTAY_DB_EARLIER.
keep_loaded() {
	printf 'ANALYZE;\n' | sql "$earlier" || say_failed "the planner's statistics of $earlier could not be made"
	allow_connections "$earlier" false
	settings "$earlier" >"$BACKSTAY_DB_EARLIER/settings"
	oid_of "$earlier" >"$state/earlier-oid"
	: >"$BACKSTAY_DB_EARLIER/sealed"
	persist "$state/earlier-oid" "$BACKSTAY_DB_EARLIER"/* "$BACKSTAY_DB_EARLIER"
}

# An empty database `earlier` as the file $1 records it. A run that has rehearsed has claimed its names already.
make_earlier() {
	await_server
	[ -s "$state/names" ] || claim_names
	drop_database "$earlier"
	BACKSTAY_RECORDED=$1
	export BACKSTAY_RECORDED
	from_file create -v to="$earlier" 2>"$state/refused" || say_failed "a database beside $live could not be made: $(tail -n 2 "$state/refused" | tr '\n' ' ')"
}

# Nothing of what could not be loaded stays.
drop_half() {
	end_sessions own || :
	drop_database "$earlier" || :
}
