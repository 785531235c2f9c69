#!/bin/sh
# Once the run is decided: the live database is open again, whatever has happened.
. "$BACKSTAY_DB_DIR/engine.sh"
[ -e "$state/closed" ] || exit 0
await_server
open_fence
