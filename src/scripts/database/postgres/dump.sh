#!/bin/sh
# Called by snapshot.sql, in its transaction: the database into $BACKSTAY_DUMP/files, and its definitions alone into $BACKSTAY_DUMP/schema.
set -eu
files() { "$PG_DUMP" -w -Fd -Z 1 -j "$BACKSTAY_JOBS" --lock-wait-timeout=60000 --snapshot="$BACKSTAY_SNAPSHOT" -f "$BACKSTAY_DUMP/files" -d "$BACKSTAY_CONNECT"; }
schema() { "$PG_DUMP" -w -s --lock-wait-timeout=60000 --snapshot="$BACKSTAY_SNAPSHOT" -f "$BACKSTAY_DUMP/schema" -d "$BACKSTAY_CONNECT"; }
files 2>"$BACKSTAY_DUMP/refused" && schema 2>>"$BACKSTAY_DUMP/refused" && : >"$BACKSTAY_DUMP/whole"
