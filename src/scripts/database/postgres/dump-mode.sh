# Without the right to make databases a dump protects the database (protect: dump). Without room for a copy it does where a person
# chooses it, since going back needs the room too. Sourced by engine.sh.
#
#   <path>/.backstay/copies/<run>/<name>.dump/
#       files         what pg_dump wrote of one moment, in which all tables were locked against writers
#       list          what of it is made again: all but extensions, what belongs to them, and schemas that hold them
#       rows          of each table, sequence and large object what it held at that moment: counts and two digests
#       objects       definitions, as the dump makes them again: the way back was rehearsed without rows, and taken back
#       sums          of all these files: they are looked at before anything is dropped
#
# Going back is one transaction: everything is dropped and made again, compared with rows and objects, and only then committed.
#
# shellcheck shell=sh disable=SC2154,SC2034

copies=$BACKSTAY_PATH/.backstay/copies
dump_of() { printf %s "$copies/$1/$BACKSTAY_DB.dump"; }

# What the run has decided for when it began: template or dump.
is_dump() { [ "$(cat "$state/mode" 2>/dev/null)" = dump ]; }

# Sets MODE, and WHY where it is not what a server could do best.
choose_mode() {
	MODE=$PROTECT WHY="protect: $PROTECT"
	[ "$PROTECT" = auto ] || return 0
	MODE=template WHY=
	if ! find_home; then
		WHY="neither the database postgres nor template1 can be connected to"
	elif [ "$(ask 'SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user')" != t ]; then
		WHY="the account may not make databases; as a superuser, once: $(ask "SELECT format('ALTER ROLE %I CREATEDB;', current_user)")"
	fi
	[ -z "$WHY" ] || MODE=dump
}

# Whether a copy of the database would not fit, where that can be seen. Sets `free` and `needed`.
lacks_room() {
	free='' needed=''
	folder=$(ask "SELECT setting FROM pg_settings WHERE name = 'data_directory'")
	[ -n "$folder" ] && [ -d "$folder" ] && is_here || return 1
	free=$(df -Pk "$folder" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
	needed=$(ask "SELECT round(pg_database_size(:'live') * 1.1) + 67108864")
	awk -v free="$free" -v needed="$needed" 'BEGIN { exit !(free < needed) }'
}

# The server is on this machine: a socket, or this machine's own address.
is_here() {
	case $(sed -n 's/^host=//p' "$account" | tail -n 1) in
	'' | /* | localhost | 127.* | ::1) return 0 ;;
	*) return 1 ;;
	esac
}

# Why a dump would not do, and what to do: two columns.
against_dump() { sql "$live" -v dump_version="$("$PG_DUMP" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" <"$BACKSTAY_DB_DIR/dump-refusals.sql"; }

find_programs() {
	PG_DUMP=${CLIENT%/*}/pg_dump PG_RESTORE=${CLIENT%/*}/pg_restore
	[ -x "$PG_DUMP" ] && [ -x "$PG_RESTORE" ] || say_failed "the target lacks pg_dump or pg_restore beside $CLIENT: install postgresql-client there"
	BACKSTAY_JOBS=$(nproc 2>/dev/null || echo 2)
	[ "$BACKSTAY_JOBS" -le 4 ] || BACKSTAY_JOBS=4
	BACKSTAY_CONNECT=$(conninfo_of "$live")
	export PG_DUMP PG_RESTORE BACKSTAY_JOBS BACKSTAY_CONNECT
}

# seal_by_dump: from here on the data can come back from $saved.
seal_by_dump() {
	saved=$(dump_of "$BACKSTAY_RUN")
	find_programs
	rm -rf "$saved"
	mkdir -p "$saved"
	BACKSTAY_SAVED=$saved
	export BACKSTAY_SAVED
	sessions all >"$state/sessions"
	end_sessions all 50
	mark_writes
	settings "$live" >"$saved/settings"
	# the statements that like.sql would carry out
	sed 's/ \\gexec$/ \\g\n\\qecho ;/' "$BACKSTAY_DB_DIR/like.sql" >"$state/like.sql"
	sql "$live" -R ';' -v from="$live" -v to="$live" <"$state/like.sql" >"$saved/settings.sql"
	sql "$live" -v saved="$saved" -v files="$BACKSTAY_DB_DIR" <"$BACKSTAY_DB_DIR/dump.sql" 2>"$state/refused" || say_failed "$live could not be dumped: $(cat "$saved/refused" "$state/refused" 2>/dev/null | grep -v '^$' | tail -n 2 | tr '\n' ' ')"
	[ "$(cat "$saved/dumped")" = yes ] || say_failed "$live could not be dumped: $(tail -n 2 "$saved/refused" | tr '\n' ' ')"
	"$PG_RESTORE" -l "$saved/files" >"$saved/all" || say_failed "the dump of $live cannot be read"
	awk 'NR == FNR { stays[$0] = 1; next }
		{
			entry = $0
			sub(/^[0-9]+; [0-9]+ [0-9]+ /, "", entry)
			if (entry in stays || entry ~ /^(EXTENSION|COMMENT - EXTENSION) /) next
			print
		}' "$saved/stays" "$saved/all" >"$saved/list"
	make_again "$saved" rehearse || say_failed "what was dumped of $live could not be made again: $REFUSED"
	mv "$state/objects.now" "$saved/objects"
	same_objects
	(cd "$saved" && find . -type f ! -name sums -exec sha256sum {} +) >"$state/sums"
	mv "$state/sums" "$saved/sums"
	persist "$saved"/* "$saved/files"/* "$saved/files" "$saved" "${saved%/*}" "$copies"
	printf 'proof exclusion\nfence cooperative\n' >"$state/facts"
	say "$live dumped, $(du -sk "$saved" | awk '{ printf "%.1f MB", $1 / 1024 }') of $(tables_in "$saved") tables, while nobody could write; the way back rehearsed (exclusion, cooperative)"
}

# A dump says some things in other words (a check, a cast): so definitions are those that it makes, and that no object is missing or
# new is looked at here.
same_objects() {
	cut -f 1,2 "$saved/objects.live" >"$state/names.a"
	cut -f 1,2 "$saved/objects" >"$state/names.b"
	cmp -s "$state/names.a" "$state/names.b" || {
		diff "$state/names.a" "$state/names.b" | cut -b 1-400 >&2 || :
		say_failed "the dump of $live does not make the same again: $(diff "$state/names.a" "$state/names.b" | sed -n 's/^[<>] //p' | head -n 1 | tr '\t' ' ')"
	}
}

tables_in() { grep -c '^table	' "$1/rows" || :; }

# make_again FOLDER rehearse|restore: in one transaction everything is dropped and made again from the dump. A rehearsal does so without
# rows, and takes it back. Sets REFUSED where that fails.
make_again() {
	REFUSED=
	rm -f "$state/load" "$state/load.ended" "$state/judged"
	mkfifo "$state/load"
	[ "$2" = restore ] || set -- "$1" "$2" --schema-only
	(
		"$PG_RESTORE" ${3+"$3"} -L "$1/list" -f - "$1/files" >"$state/load" 2>"$state/load.err" && said=well || said=badly
		printf '%s\n' "$said" >"$state/load.ended"
	) &
	loader=$!
	BACKSTAY_SAVED=$1 BACKSTAY_WHAT=$2 BACKSTAY_RESTORED_BY=$(restored_by "$1")
	export BACKSTAY_SAVED BACKSTAY_WHAT BACKSTAY_RESTORED_BY
	went=yes
	sql "$live" -v saved="$1" -v state="$state" -v files="$BACKSTAY_DB_DIR" <"$BACKSTAY_DB_DIR/make-again.sql" >/dev/null 2>"$state/refused" || went=
	# one that nobody reads any more
	kill "$loader" 2>/dev/null || :
	wait "$loader" 2>/dev/null || :
	[ -n "$went" ] || REFUSED=$(grep -v '^$' "$state/refused" | tail -n 2 | cut -b 1-400 | tr '\n' ' ')
	[ "$(cat "$state/load.ended" 2>/dev/null)" = well ] || REFUSED="${REFUSED:-$(tail -n 1 "$state/load.err")}"
	[ -n "$REFUSED" ] || case $2-$(cat "$state/judged" 2>/dev/null) in
	rehearse-* | restore-equal) ;;
	*) REFUSED="it is not what was dumped: $(head -n 1 "$state/different" 2>/dev/null | tr '\t' ' ')" ;;
	esac
	[ -z "$REFUSED" ]
}

# restore_dump FOLDER: nothing is dropped where the dump is not whole. The number of the transaction tells whether it has happened.
restore_dump() {
	find_programs
	await_server
	[ -s "$1/sums" ] && (cd "$1" && sha256sum -c sums) >"$state/checked" 2>&1 ||
		say_failed "the dump $1 is not whole any more, $live was not touched: $(grep -v ': OK$' "$state/checked" | head -n 1)"
	tries=3
	until has_happened "$(restored_by "$1")"; do
		sessions all >"$state/sessions"
		end_sessions all
		end_prepared_here
		! make_again "$1" restore || break
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || say_failed "$live could not be made again from its dump, nothing of it was changed: $REFUSED"
	done
	bring_settings "$1"
	printf 'ANALYZE;\n' | sql "$live" >/dev/null 2>&1 || printf 'warning the planner statistics of %s could not be made again: ANALYZE it\n' "$live" >>"$state/facts"
}

# Where the number of the transaction is kept that brought a dump back.
restored_by() {
	run=${1%/*}
	printf %s "$state/restored-by-${run##*/}"
}

# A connection that is lost at COMMIT does not say whether it has happened: the server does.
has_happened() {
	[ -s "$1" ] || return 1
	tries_left=100
	while :; do
		status=$(printf "SELECT pg_xact_status('%s');\n" "$(cat "$1")" | sql "$live") || return 1
		[ "$status" = 'in progress' ] && [ "$tries_left" -gt 0 ] || break
		tries_left=$((tries_left - 1))
		sleep 0.1 2>/dev/null || sleep 1
	done
	[ "$status" = committed ]
}

end_prepared_here() {
	printf '%s\n' "SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database() \\gexec" | sql "$live"
}

# What the server keeps of the database outside of it, where the migration has changed that.
bring_settings() {
	settings "$live" >"$state/settings.now"
	! cmp -s "$1/settings" "$state/settings.now" || return 0
	{
		printf '%s\n' "SELECT format('ALTER %s RESET ALL', CASE setrole WHEN 0 THEN format('DATABASE %I', :'live') ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'live') END)
			FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = :'live') \\gexec"
		cat "$1/settings.sql"
	} | sql "$live" >/dev/null
	settings "$live" >"$state/settings.now"
	cmp -s "$1/settings" "$state/settings.now" || say_failed "$live was given back, but owner, privileges or settings are not those from before"
}

# Retention: dumps of the newest committed runs stay.
tidy_dumps() {
	[ "$BACKSTAY_DIRECTION" != rolled-back ] || rm -rf "$(dump_of "$BACKSTAY_RUN")"
	if [ -d "$(dump_of "$BACKSTAY_RUN")" ] && [ -e "$state/sealed" ]; then
		: >"$state/kept"
		persist "$state/kept"
	fi
	for run in $(newest_first); do
		kept_dumps=$((${kept_dumps:-0} + 1))
		[ "$kept_dumps" -gt "$KEEP_COPIES" ] || continue
		rm -f "$BACKSTAY_PATH/.backstay/runs/$run/state/db-$BACKSTAY_DB/kept"
		rm -rf "$(dump_of "$run")"
		rmdir "$copies/$run" 2>/dev/null || :
	done
}

# Runs with a dump; a run's id begins with its time.
newest_first() {
	for run in "$copies"/*/"$BACKSTAY_DB.dump"; do
		[ ! -d "$run" ] || printf '%s\n' "$run"
	done | sed 's|/[^/]*$||; s|.*/||' | sort -r
}
