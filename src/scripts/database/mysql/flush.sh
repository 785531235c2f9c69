#!/bin/sh
# After the migration and before the commit record: what the server holds in its log buffer goes to the disk.
. "$BACKSTAY_DB_DIR/engine.sh"
find_mode
if [ "$MODE" = dump ]; then flush_log "$live"; else flush_log "$shadow"; fi
