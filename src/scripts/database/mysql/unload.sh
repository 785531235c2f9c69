#!/bin/sh
# The schema BACKSTAY_DB_SOURCE as the archive BACKSTAY_DB_ARCHIVE. The live one is read in one session that sees one state, and nobody waits
# for it; a copy of ours in several. What stands beside the tables of a copy was written down when it was sealed.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	await_server
	if [ "$BACKSTAY_DB_SOURCE" = "$live" ]; then
		unload_live
	else
		unload_copy
	fi
	say "$UNLOADED"
}

unload_live() {
	schema_is_there "$live" || say_failed "there is no schema $live"
	programs=$state/unload.programs OWN=own
	rm -rf "$programs"
	mkdir "$programs"
	programs "$programs" || say_failed "triggers, routines or views of $live could not be read"
	definitions "$live" >"$programs/definitions"
	unload "$live" "$programs" 1
	definitions "$live" >"$state/definitions.now"
	without_counters "$programs/definitions" >"$state/definitions.a"
	without_counters "$state/definitions.now" >"$state/definitions.b"
	rm -rf "$programs"
	cmp -s "$state/definitions.a" "$state/definitions.b" || {
		rm -rf "$BACKSTAY_DB_ARCHIVE"
		say_failed "the tables of $live were changed while they were read: does somebody migrate?"
	}
}

unload_copy() {
	run=$(run_of "$BACKSTAY_DB_SOURCE" backstay)
	sealed=$BACKSTAY_PATH/.backstay/runs/$run/state/db-$BACKSTAY_DB
	[ -n "$run" ] && [ -s "$sealed/programs/definitions" ] || say_failed "no run is known here that has sealed $BACKSTAY_DB_SOURCE"
	if [ -d "$sealed/archive" ]; then
		# it was written out instead of copied
		rm -rf "$BACKSTAY_DB_ARCHIVE.part"
		mkdir -p "${BACKSTAY_DB_ARCHIVE%/*}"
		cp -R "$sealed/archive" "$BACKSTAY_DB_ARCHIVE.part"
		persist "$BACKSTAY_DB_ARCHIVE.part"/* "$BACKSTAY_DB_ARCHIVE.part"
		mv "$BACKSTAY_DB_ARCHIVE.part" "$BACKSTAY_DB_ARCHIVE"
		persist "${BACKSTAY_DB_ARCHIVE%/*}"
		UNLOADED="as it was sealed, $(du -sk "$BACKSTAY_DB_ARCHIVE" | awk '{ printf "%.1f MB", $1 / 1024 }')"
		return 0
	fi
	schema_is_there "$BACKSTAY_DB_SOURCE" || say_failed "the copy $BACKSTAY_DB_SOURCE is gone"
	unload "$BACKSTAY_DB_SOURCE" "$sealed/programs" "$SESSIONS"
}

main
