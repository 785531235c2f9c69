#!/bin/sh
# The workers that ran before are started again, with the code that is live now.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/workers.sh"
started=0
[ -z "$BACKSTAY_LIVE" ] || each_worker start_worker
note "$started started"
