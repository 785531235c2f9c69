#!/bin/sh
# Undo of `copy`: what was copied goes, and nothing else. After a swap the copy is the live database and has its name.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	await_server
	end_sessions own
	if is_dump; then
		rm -rf "$(dump_of "$BACKSTAY_RUN")"
		rmdir "$copies/$BACKSTAY_RUN" 2>/dev/null || :
		return 0
	fi
	open_fence
	drop_database "$shadow"
	drop_database "$earlier"
}

main
