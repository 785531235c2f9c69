#!/bin/sh
# Undo of `copy`: what was copied goes, and nothing else. After a swap the copy is the live database and has its name.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	await_server
	end_sessions own
	open_fence
	drop_database "$shadow"
	drop_database "$earlier"
}

main
