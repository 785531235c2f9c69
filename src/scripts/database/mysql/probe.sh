#!/bin/sh
# What can be known of a MySQL or MariaDB database before anything changes: its size, what cannot be protected, the privileges
# that lack, word for word. Sourced parameters as for the other scripts; facts to standard output.
#
# usage: probe NAME (with BACKSTAY_DB_… set as for a step)
# no run yet: only the length of its names counts
BACKSTAY_RUN=00000000T000000Z-0000000
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DIR/lib/runs.sh"

main() {
	ask 'SELECT 1' >/dev/null 2>"$state/server" || {
		refuse "the server does not answer: $(tail -n 1 "$state/server")" "see that the app's .env and the server agree"
		return 0
	}
	schema_is_there "$live" || {
		refuse "there is no schema $live" "make it: CREATE DATABASE $(sql_name "$live")"
		return 0
	}
	find_fence
	find_mode
	size=$(part probe size)
	emit size "$BACKSTAY_DB $(printf %s "$size" | tr '\t' ' ')"
	emit engine "$BACKSTAY_DB $(ask "SELECT CONCAT(IF(VERSION() LIKE '%MariaDB%', 'mariadb ', 'mysql '), SUBSTRING_INDEX(VERSION(), '-', 1))") · $(printf %s "$size" | awk '{ printf "%d tables, %.0f MB", $2, $1 / 1048576 }') · $([ "$MODE" = dump ] && printf dump || printf 'shadow copy')"
	if [ "$MODE" = dump ]; then
		say_dump "${size%%	*}"
	else
		emit protection "$BACKSTAY_DB every table is copied beside the live one and swapped back by one rename; proof $(which_proof); fence $FENCE$(why_fence)"
	fi
	look_at_privileges
	look_at_server
	look_at_tables
	if [ "$MODE" = dump ]; then look_at_room "${size%%	*}"; else look_at_disk "${size%%	*}"; fi
	look_at_sessions
}

# What it costs, why so, and what would make it a copy.
say_dump() {
	emit protection "$BACKSTAY_DB dump: every table is written out in maintenance, and loaded beside and swapped back by one rename if need be; proof exclusion (read under one lock; counts and digests of every table are compared before the swap); fence $FENCE$(why_fence)"
	emit protection "$BACKSTAY_DB why: $WHY"
	emit protection "$BACKSTAY_DB cost: both ways grow with the size, where a copy beside the live tables costs users a comparison, and the way back one rename"
	[ -z "$(lacking)" ] || emit protection "$BACKSTAY_DB for a copy, as the database's administrator, once: $(grant)"
	emit in-maintenance "$BACKSTAY_DB $(awk -v size="$1" 'BEGIN { printf "%.1f", size / 1048576 }') MB are read and written out"
}

grant() { printf 'GRANT ALL PRIVILEGES ON %s.* TO %s;' "$(sql_name "$(short_name | sed 's/_/\\_/g')\\_\\_%")" "$(sql <"$BACKSTAY_DB_DIR/who.sql" | sed -n 2p)"; }

# Compressed it takes less than half, as a rule; the way back needs all of it once more on the server's disk, beside what the migration left.
look_at_room() {
	say_lost=$(write_sql lost "$live" "$live" own | head -n 1)
	[ -z "$say_lost" ] || refuse "$say_lost" "allow a copy: $(grant)"
	part probe dump | while IFS='	' read -r what remedy; do refuse "$what" "$remedy"; done
	free=$(df -Pk "$BACKSTAY_PATH" 2>/dev/null | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
	if [ -n "$free" ] && awk -v free="$free" -v size="$1" 'BEGIN { exit !(free < size / 4 + 67108864) }'; then
		refuse "$BACKSTAY_PATH has $((free / 1048576)) MB free, and what is written out of $live needs about $(awk -v size="$1" 'BEGIN { printf "%d", size / 2 / 1048576 + 64 }') MB" "make room there: old releases (release.keep), logs"
	elif [ -n "$free" ] && awk -v free="$free" -v size="$1" 'BEGIN { exit !(free < size / 2 + 67108864) }'; then
		emit warning "database $BACKSTAY_DB: $BACKSTAY_PATH has $((free / 1048576)) MB free, which may be too little for what is written out of $live"
	fi
	short=$(no_room "$1")
	[ -z "$short" ] || emit warning "database $BACKSTAY_DB: $short; a rollback would stay in maintenance until there is room"
}

which_proof() {
	why=$(why_no_evidence | head -n 1)
	if [ -z "$why" ]; then
		printf 'evidence (the server counts writes: only tables that were written to since the copy are compared in maintenance)'
	else
		printf 'exact (every row is compared in maintenance; no evidence: %s)' "$why"
	fi
}

why_fence() {
	[ "$FENCE" != exclusive ] || return 0
	if [ -n "$ADMIN" ]; then
		printf ' (the account of databases.%s.admin lacks PROCESS, CREATE USER or CONNECTION ADMIN, or is the app'"'"'s own)' "$BACKSTAY_DB"
	else
		printf ' (databases.%s.admin would make it exclusive)' "$BACKSTAY_DB"
	fi
}

look_at_privileges() {
	[ "$MODE" = dump ] || [ -z "$(lacking)" ] || refuse "the account may not keep a copy beside $live: it lacks $(lacking) on $shadow" \
		"set databases.$BACKSTAY_DB.protect to auto, at the price of a longer maintenance; or, as the database's administrator, once: $(grant)"
	[ -n "$(part probe may-lock)" ] || refuse "the account may not lock the tables of $live" \
		"as the database's administrator, once: GRANT LOCK TABLES ON $(sql_name "$live").* TO $(sql <"$BACKSTAY_DB_DIR/who.sql" | sed -n 2p);"
}

look_at_server() {
	[ "$(ask "SHOW GLOBAL VARIABLES LIKE 'wsrep_on'" | cut -f 2)" != ON ] ||
		refuse "the server is part of a Galera cluster, where a swap of tables is not safe" "protect this database by your own commands: engine: {command: {backup: …, restore: …}}"
	[ -z "$(ask 'XA RECOVER' 2>/dev/null)" ] || refuse "the server holds prepared XA transactions" "XA COMMIT or XA ROLLBACK them first (XA RECOVER lists them)"
	part probe server | while IFS='	' read -r what remedy; do refuse "$what" "$remedy"; done
}

look_at_tables() {
	part probe tables | while IFS='	' read -r what remedy; do refuse "$what" "$remedy"; done
}

# Only where the server's files are on this machine. What is copied goes into a binary log as well.
look_at_disk() {
	folder=$(server_folder)
	[ -n "$folder" ] || return 0
	free=$(df -Pk "$folder" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
	times=1.2
	log=$(ask "SELECT COALESCE(@@log_bin_basename, '')")
	[ ! -d "${log%/*}" ] || [ "$(disk_of "${log%/*}")" != "$(disk_of "$folder")" ] || times=2.2
	needed=$(awk -v size="$1" -v times="$times" 'BEGIN { printf "%.0f", size * times + 67108864 }')
	awk -v free="$free" -v needed="$needed" 'BEGIN { exit !(free < needed) }' || return 0
	refuse "the server's disk has $((free / 1048576)) MB free, the copy needs about $((needed / 1048576)) MB" "make room in $folder: old copies (keep_copies), failed states (keep_failed), binary logs. Or have it written out instead, which needs the room only to go back (databases.$BACKSTAY_DB.protect: dump)"
}

disk_of() { df -P "$1" | awk 'NR == 2 { print $1, $NF }'; }

# Others on the same data would write past the app's maintenance.
look_at_sessions() { part probe others | tell_others "another account" "What it writes during a run would be lost in a rollback"; }

main
