#!/bin/sh
# A copy of every table beside the live ones, while the site works. It may be stale: `seal` completes and proves it. What stands
# beside the tables is rehearsed here, so that a DEFINER or a privilege does not fail for the first time on the way back.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	find_fence
	schema_is_there "$live" || say_failed "there is no schema $live"
	begin_evidence
	begin_watch
	copy_schema "$live" "$shadow" && has_room || or_no_room "the tables of $live could not be copied to $shadow"
	end_watch
	end_evidence
	definitions "$live" >"$state/definitions.copied"
	definitions "$shadow" >"$state/definitions.now"
	without_counters "$state/definitions.copied" >"$state/definitions.a"
	without_counters "$state/definitions.now" >"$state/definitions.b"
	cmp -s "$state/definitions.a" "$state/definitions.b" || {
		diff "$state/definitions.a" "$state/definitions.b" | cut -b 1-400 >&2 || :
		say_failed "the copy $shadow has other definitions than $live: was a table changed meanwhile?"
	}
	rehearse
	[ -z "${RESTORE_OF-}" ] || copy_earlier
	say "$(grep -vc '^schema	' "$state/definitions.copied") tables of $live copied beside the live ones"
}

# Triggers are made on the copy's tables and taken away again, routines in the copy's schema. Events are not: they would run.
rehearse() {
	mkdir -p "$state/programs"
	programs "$state/programs"
	in_copy <"$state/programs/triggers.sql" || say_failed "the triggers of $live could not be made again on a copy: $(tail -n 1 "$state/rehearsal.err")"
	write_sql drop-triggers "$shadow" "$shadow" | sql "$shadow"
	dump --skip-triggers --routines >"$state/routines.rehearsal"
	in_copy <"$state/routines.rehearsal" || say_failed "the routines of $live could not be made again on a copy: $(tail -n 1 "$state/rehearsal.err")"
	write_sql drop-routines "$shadow" "$shadow" | sql "$shadow"
}

# The dump names the schema only where it sets its defaults.
in_copy() { sed "s/ALTER DATABASE $(sql_name "$live" | sed 's/[][\\.*^$/]/\\&/g') /ALTER DATABASE $(sql_name "$shadow" | sed 's/[\\&/]/\\&/g') /" | sql "$shadow" 2>"$state/rehearsal.err"; }

# A rollback brings back what an earlier run had sealed: a copy of that copy, so that it stays.
copy_earlier() {
	sealed=$(name_of backstay "$(run_word "$RESTORE_OF")")
	table_is_there "$sealed" backstay_marker || say_failed "the copy that run $RESTORE_OF had sealed is gone (databases.$BACKSTAY_DB.keep_copies)"
	begin_watch
	copy_schema "$sealed" "$earlier" && has_room || or_no_room "$sealed could not be copied"
	end_watch
	compare "$sealed" "$earlier" && [ ! -s "$DIFFERENT" ] || say_failed "the copy of $sealed is not equal to it"
	write_sql counters "$sealed" "$earlier" | run_sql "$earlier"
}

main
