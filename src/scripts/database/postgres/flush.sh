#!/bin/sh
# After the migration and before the commit record: what was committed with synchronous_commit = off may be in memory yet. A later
# commit that waits for the disk takes all of them along, but only one that has written something itself: this message.
. "$BACKSTAY_DB_DIR/engine.sh"
await_server
ask "SELECT pg_logical_emit_message(true, 'backstay', '')" >/dev/null
