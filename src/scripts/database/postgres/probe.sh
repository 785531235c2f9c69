#!/bin/sh
# What can be known of a PostgreSQL database before anything changes: its size, what cannot be protected, the privileges that
# lack, word for word. Sourced parameters as for the other scripts; facts to standard output.
#
# usage: probe NAME (with BACKSTAY_DB_… set as for a step)
# no run yet: only the length of its names counts
BACKSTAY_RUN=00000000T000000Z-0000000
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DIR/lib/runs.sh"

refuse() {
	emit refuse "database $BACKSTAY_DB: $1"
	emit remedy "$2"
}

main() {
	printf 'SELECT 1;\n' | sql "$live" >/dev/null 2>"$state/refused" || {
		refuse "$live cannot be connected to: $(tail -n 1 "$state/refused")" "see that the app's .env and the server agree"
		return 0
	}
	find_home || {
		refuse "neither the database postgres nor template1 can be connected to, and a database cannot be copied by who is connected to it: $(tail -n 1 "$state/server")" \
			"let the account connect to one of them: GRANT CONNECT ON DATABASE postgres, and pg_hba.conf"
		return 0
	}
	bytes=$(ask "SELECT pg_database_size(:'live')")
	tables=$(printf '%s\n' "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema';" | sql "$live")
	megabytes=$(awk -v bytes="$bytes" 'BEGIN { printf "%.0f MB", bytes / 1048576 }')
	emit size "$BACKSTAY_DB $bytes $tables"
	emit engine "$BACKSTAY_DB postgresql $(ask "SELECT split_part(current_setting('server_version'), ' ', 1)") · $tables tables, $megabytes · template copy"
	emit protection "$BACKSTAY_DB in maintenance the server copies the database while nobody can connect; going back is two renames in one transaction; proof exclusion; fence exclusive"
	emit protection "$BACKSTAY_DB planner statistics are part of the copy, so no ANALYZE follows; roles and tablespaces are the server's and are not brought back"
	emit in-maintenance "$BACKSTAY_DB $megabytes are copied by the server (at 200 MB/s about $(awk -v bytes="$bytes" 'BEGIN { printf "%.0f", bytes / 200000000 + 0.5 }') s)"
	from_file refusals | while IFS='	' read -r what remedy; do refuse "$what" "$remedy"; done
	[ "$(ask "SELECT current_setting('fsync')")" = on ] || emit warning "database $BACKSTAY_DB: the server runs with fsync off: after a power failure neither live data nor copies are sure to be whole"
	look_at_disk
	look_at_sessions
}

# Only where the account may see the folder, and it is on this machine.
look_at_disk() {
	folder=$(ask "SELECT setting FROM pg_settings WHERE name = 'data_directory'")
	if [ -z "$folder" ] || [ ! -d "$folder" ] || ! is_here; then
		emit protection "$BACKSTAY_DB whether the server's disk has room for a copy ($megabytes) cannot be seen from here"
		return 0
	fi
	free=$(df -Pk "$folder" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
	needed=$(awk -v bytes="$bytes" 'BEGIN { printf "%.0f", bytes * 1.1 + 67108864 }')
	awk -v free="$free" -v needed="$needed" 'BEGIN { exit !(free < needed) }' || return 0
	refuse "the server's disk has $((free / 1048576)) MB free, the copy needs about $((needed / 1048576)) MB" "make room in $folder: old copies (keep_copies), failed states (keep_failed), write-ahead log"
}

# A socket, or this machine's own address.
is_here() {
	case $(sed -n 's/^host=//p' "$account" | tail -n 1) in
	'' | /* | localhost | 127.* | ::1) return 0 ;;
	*) return 1 ;;
	esac
}

# Others on the same data would write past the app's maintenance.
look_at_sessions() {
	from_file others -v app="$(sed -n 's/^user=//p' "$BACKSTAY_DB_CNF" | tail -n 1)" | while IFS= read -r who; do
		leak="another role works on $live: $who. In maintenance its sessions are ended, and what it writes afterwards would be lost in a rollback"
		if [ "$ON_LEAK" = refuse ]; then
			refuse "$leak" "stop it for the deploy; or, where it only reads, set maintenance.on_leak to warn"
		else
			emit warning "database $BACKSTAY_DB: $leak"
		fi
	done
}

main
