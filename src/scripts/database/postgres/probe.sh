#!/bin/sh
# What can be known of a PostgreSQL database before anything changes: its size, what cannot be protected, the privileges that
# lack, word for word. Sourced parameters as for the other scripts; facts to standard output.
#
# usage: probe NAME (with BACKSTAY_DB_… set as for a step)
# no run yet: only the length of its names counts
BACKSTAY_RUN=00000000T000000Z-0000000
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DIR/lib/runs.sh"

main() {
	printf 'SELECT 1;\n' | sql "$live" >/dev/null 2>"$state/refused" || {
		refuse "$live cannot be connected to: $(tail -n 1 "$state/refused")" "see that the app's .env and the server agree"
		return 0
	}
	choose_mode
	if [ "$MODE" = dump ]; then
		printf 'dump\n' >"$state/mode"
	fi
	find_home || {
		refuse "neither the database postgres nor template1 can be connected to, and a database cannot be copied by who is connected to it: $(tail -n 1 "$state/server")" \
			"let the account connect to one of them: GRANT CONNECT ON DATABASE postgres, and pg_hba.conf; or let a dump protect it: databases.$BACKSTAY_DB.protect: dump"
		return 0
	}
	bytes=$(ask "SELECT pg_database_size(:'live')")
	tables=$(printf '%s\n' "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema';" | sql "$live")
	megabytes=$(awk -v bytes="$bytes" 'BEGIN { printf "%.0f MB", bytes / 1048576 }')
	emit size "$BACKSTAY_DB $bytes $tables"
	if is_dump; then tell_dump; else tell_template; fi
	[ "$(ask "SELECT current_setting('fsync')")" = on ] || emit warning "database $BACKSTAY_DB: the server runs with fsync off: after a power failure neither live data nor copies are sure to be whole"
	look_at_sessions
}

tell_template() {
	emit engine "$BACKSTAY_DB postgresql $(ask "SELECT split_part(current_setting('server_version'), ' ', 1)") · $tables tables, $megabytes · template copy"
	emit protection "$BACKSTAY_DB in maintenance the server copies the database while nobody can connect; going back is two renames in one transaction; proof exclusion; fence exclusive"
	emit protection "$BACKSTAY_DB planner statistics are part of the copy, so no ANALYZE follows; roles and tablespaces are the server's and are not brought back"
	emit in-maintenance "$BACKSTAY_DB $megabytes are copied by the server (at 200 MB/s about $(awk -v bytes="$bytes" 'BEGIN { printf "%.0f", bytes / 200000000 + 0.5 }') s)"
	from_file refusals | while IFS='	' read -r what remedy; do refuse "$what" "$remedy"; done
	look_at_disk
}

# Only where the account may see the folder, and it is on this machine.
look_at_disk() {
	if lacks_room; then
		refuse "the server's disk has $((free / 1048576)) MB free, the copy needs about $((needed / 1048576)) MB" "make room in $folder: old copies (keep_copies), failed states (keep_failed), write-ahead log; or let a dump protect it: databases.$BACKSTAY_DB.protect: dump"
	elif [ -z "$free" ]; then
		emit protection "$BACKSTAY_DB whether the server's disk has room for a copy ($megabytes) cannot be seen from here"
	fi
}

# A dump lies with the app; in the server everything is there twice until the way back is committed.
look_at_disks_for_dump() {
	room=$(df -Pk "$BACKSTAY_PATH" 2>/dev/null | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
	if [ -n "$room" ] && awk -v free="$room" -v bytes="$bytes" 'BEGIN { exit !(free < bytes / 2 + 67108864) }'; then
		refuse "the target's disk has $((room / 1048576)) MB free, a dump may need $((bytes / 2097152)) MB" "make room below $BACKSTAY_PATH, old dumps (keep_copies) among it"
	fi
	if lacks_room; then
		emit warning "database $BACKSTAY_DB: the server's disk has $((free / 1048576)) MB free: going back needs room for all of it a second time, about $((needed / 1048576)) MB, and would be stuck without"
	elif [ -z "$free" ]; then
		emit protection "$BACKSTAY_DB whether the server's disk has room for everything a second time, as going back needs it ($megabytes), cannot be seen from here"
	fi
}

tell_dump() {
	find_programs
	emit engine "$BACKSTAY_DB postgresql $(ask "SELECT split_part(current_setting('server_version'), ' ', 1)") · $tables tables, $megabytes · dump"
	emit protection "$BACKSTAY_DB in maintenance pg_dump writes everything of one moment, in which nobody can write; going back is one transaction that drops everything, makes it again and compares it; proof exclusion; fence cooperative ($WHY)"
	emit protection "$BACKSTAY_DB extensions and what belongs to them stay as they are; materialized views are made again from their queries; the failed state is not kept"
	emit in-maintenance "$BACKSTAY_DB $megabytes are dumped, and the way back rehearsed without rows (at 30 MB/s about $(awk -v bytes="$bytes" 'BEGIN { printf "%.0f", bytes / 30000000 + 2 }') s); going back takes several times as long, and both grow with the size"
	against_dump | while IFS='	' read -r what remedy; do refuse "$what" "$remedy"; done
	look_at_disks_for_dump
}

# Others on the same data would write past the app's maintenance.
look_at_sessions() {
	from_file others -v app="$(sed -n 's/^user=//p' "$BACKSTAY_DB_CNF" | tail -n 1)" |
		tell_others "another role" "In maintenance its sessions are ended, and what it writes afterwards would be lost in a rollback"
}

main
