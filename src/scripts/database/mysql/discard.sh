#!/bin/sh
# Undo of `copy`: what was copied goes, and nothing else. After a swap the copy's tables are live and its schema is empty.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	await_server
	open_fence
	find_mode
	if [ "$MODE" = dump ]; then
		# nobody's sessions are ended: users may be on the site
		drop_beside "$beside_live"
		drop_beside "$beside_earlier"
		rm -rf "$state/archive" "$state/archive".part*
		return 0
	fi
	# a killed client's statement may still run on the server
	FENCE=cooperative
	live=$shadow
	end_sessions
	drop_schema "$shadow"
	drop_schema "$earlier"
}

main
