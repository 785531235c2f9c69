# The swap, and what follows it until everything is as it was. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# The one statement that swaps: swap FROM AWAY. Live tables go to AWAY, those of FROM become live, and FROM's marker goes to
# AWAY with them. Has it happened? AWAY has the marker. Then what stands beside the tables comes back from PROGRAMS, a folder as
# `programs` writes it, and everything is compared with PROGRAMS/definitions.
swap() {
	from=$1 away=$2 programs=$3
	await_server
	close_fence
	end_sessions
	if ! table_is_there "$away" backstay_marker; then
		table_is_there "$from" backstay_marker ||
			say_failed "$live was not touched, for its copy cannot be read: $(ask "SELECT run FROM backstay_marker" "$from" 2>&1 | tail -n 1)"
		printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(sql_name "$away")" | sql
		write_sql drop-triggers "$live" "$live" | sql "$live"
		write_sql drop-views-in-the-way "$live" "$from" | sql "$live"
		write_sql rename "$from" "$away" >"$state/rename.sql"
		sed '1s/^,/RENAME TABLE/' "$state/rename.sql" | run_sql || {
			sessions >"$state/sessions"
			say_failed "$live could not be swapped with its copy; other sessions: $(named_sessions)"
		}
	fi
	# whose parent the migration has dropped would now point into the live schema
	write_sql drop-keys "$away" "$away" | run_sql "$away"
	crossing=$(write_sql crossing-keys "$live" "$away")
	[ -z "$crossing" ] || say_failed "after the swap foreign keys cross schemas: $crossing"
	bring_programs
	compare_definitions
	flush_log "$away"
}

# The schema's defaults are what a table made later would get.
bring_defaults() {
	awk -F '	' -v name="$(sql_name "$live")" '$1 == "schema" && $2 !~ /^CREATE/ { print "ALTER DATABASE " name " CHARACTER SET " $2 " COLLATE " $3 ";" }' "$programs/definitions" | sql
}

bring_programs() {
	bring_defaults
	write_sql drop-triggers "$live" "$live" | sql "$live"
	sql "$live" <"$programs/triggers.sql"
	dump --skip-triggers --routines --events >"$state/routines.now"
	cmp -s "$programs/routines.sql" "$state/routines.now" || {
		write_sql drop-routines "$live" "$live" | sql "$live"
		sql "$live" <"$programs/routines.sql"
		dump --skip-triggers --routines --events >"$state/routines.now"
	}
	bring_views
}

# Views that are new go; those that are gone or changed are made again, in as many rounds as they lean on each other. One that
# was invalid before cannot be made again by anyone: it is told.
bring_views() {
	views >"$state/views.now"
	{ grep -vxF -f "$programs/views" "$state/views.now" || :; } | cut -f 1 | unescaped | sed 's/`/``/g; s/.*/DROP VIEW IF EXISTS `&`;/' | sql "$live"
	before=
	while :; do
		views >"$state/views.now"
		grep -vxF -f "$state/views.now" "$programs/views" >"$state/views.missing" || :
		missing=$(wc -l <"$state/views.missing")
		[ "$missing" -gt 0 ] && [ "$missing" != "$before" ] || break
		before=$missing
		make_views "$state/views.missing" | sql --force "$live" 2>"$state/views.err" || :
	done
	[ "$missing" -eq 0 ] || printf 'warning a view that was invalid before the run is gone: %s\n' "$(cut -f 1 "$state/views.missing" | tr '\n' ' ')" >>"$state/facts"
}

compare_definitions() {
	definitions "$live" >"$state/definitions.now"
	cmp -s "$programs/definitions" "$state/definitions.now" || {
		diff "$programs/definitions" "$state/definitions.now" | cut -b 1-500 >&2 || :
		say_failed "$live was swapped, but its definitions are not those from before"
	}
	dump --triggers >"$state/triggers.now"
	cmp -s "$programs/triggers.sql" "$state/triggers.now" || say_failed "$live was swapped, but its triggers are not those from before"
	cmp -s "$programs/routines.sql" "$state/routines.now" || say_failed "$live was swapped, but its routines and events are not those from before"
}
