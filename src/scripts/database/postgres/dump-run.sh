#!/bin/sh
# Called by dump.sql, in its transaction: the same moment by pg_dump, in several sessions.
set -u
said=no
"$PG_DUMP" -w -Fd -Z 1 -j "$BACKSTAY_JOBS" --lock-wait-timeout=10000 --snapshot="$BACKSTAY_SNAPSHOT" -f "$BACKSTAY_SAVED/files" -d "$BACKSTAY_CONNECT" 2>"$BACKSTAY_SAVED/refused" && said=yes
printf '%s\n' "$said" >"$BACKSTAY_SAVED/dumped"
