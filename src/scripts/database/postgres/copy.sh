#!/bin/sh
# While the site works nothing can be copied, since that needs a database without sessions. What will be done in maintenance is
# rehearsed on an empty one instead, so that a privilege does not fail for the first time there. Making it writes all that the
# server holds in memory to the disk, which is left out of the maintenance.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	choose_mode_for_run
	if is_dump; then
		begin_dump
		return 0
	fi
	await_server
	from_file refusals >"$state/against"
	[ ! -s "$state/against" ] || say_failed "$(awk -F '	' '{ printf "%s%s: %s", (NR > 1 ? "\n" : ""), $1, $2 }' "$state/against")"
	claim_names
	from_file copy -v from="$live" -v to="$shadow" -v template=template0 2>"$state/refused" || say_failed "a database beside $live could not be made: $(tail -n 2 "$state/refused" | tr '\n' ' ')"
	like "$live" "$shadow" || say_failed "what the server keeps of $live outside of it could not be made again on a copy"
	settings "$live" | grep -v '^database	' >"$state/settings"
	settings "$shadow" | grep -v '^database	' >"$state/settings.now"
	cmp -s "$state/settings" "$state/settings.now" || {
		diff "$state/settings" "$state/settings.now" | cut -b 1-400 >&2 || :
		say_failed "privileges or settings of $live could not be made again on a copy"
	}
	drop_database "$shadow"
	[ -z "${RESTORE_OF-}" ] || copy_earlier
	say "$live: rehearsed, and the server's memory written to its disk; the copy itself is made in maintenance"
}

# Decided once: every other script of the run goes by it.
choose_mode_for_run() {
	[ -s "$state/mode" ] || {
		choose_mode
		printf '%s\n' "$MODE" >"$state/mode.new"
		mv "$state/mode.new" "$state/mode"
		persist "$state/mode" "$state"
	}
}

# A dump is of one moment, in maintenance: before it nothing can be done but to look whether it would come back.
begin_dump() {
	await_server
	find_programs
	against_dump >"$state/against"
	[ ! -s "$state/against" ] || say_failed "$(awk -F '	' '{ printf "%s%s: %s", (NR > 1 ? "\n" : ""), $1, $2 }' "$state/against")"
	if [ -n "${RESTORE_OF-}" ]; then
		[ -s "$(dump_of "$RESTORE_OF")/sums" ] || say_failed "the dump that run $RESTORE_OF had sealed is gone (databases.$BACKSTAY_DB.keep_copies), or it is a copy, for which the account may not make databases"
	fi
	say "$live: is dumped in maintenance"
}

# A rollback brings back what an earlier run had sealed: a copy of that copy, so that it stays.
copy_earlier() {
	if [ -d "$(dump_of "$RESTORE_OF")" ]; then return 0; fi
	known=$BACKSTAY_PATH/.backstay/runs/$RESTORE_OF/state/db-$BACKSTAY_DB
	sealed=$(name_at "$(cat "$known/copy-oid")")
	[ "$sealed" = "$(name_of backstay "$(run_word "$RESTORE_OF")")" ] || say_failed "the copy that run $RESTORE_OF had sealed is gone (databases.$BACKSTAY_DB.keep_copies)"
	copy_database "$sealed" "$earlier" || say_failed "$sealed could not be copied: $(tail -n 2 "$state/refused" | tr '\n' ' ')"
	like "$sealed" "$earlier"
	settings "$earlier" >"$state/settings.now"
	cmp -s "$known/settings" "$state/settings.now" || say_failed "the copy of $sealed has not its privileges and settings"
	oid_of "$earlier" >"$state/earlier-oid"
	persist "$state/earlier-oid"
}

main
