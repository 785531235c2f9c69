#!/bin/sh
# Workers are stopped and proven stopped, so that no old code writes into what is migrated.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/workers.sh"
stopped=0
[ -z "$BACKSTAY_LIVE" ] || each_worker stop_worker
note_workers "$stopped stopped"
