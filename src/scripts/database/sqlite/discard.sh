#!/bin/sh
# What was loaded beside the live file goes.
. "$BACKSTAY_DB_DIR/engine.sh"
rm -f "$earlier"*
rmdir "${earlier%/*}" 2>/dev/null || :
