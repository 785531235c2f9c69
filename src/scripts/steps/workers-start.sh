#!/bin/sh
# The workers that ran before are started again, with the code that is live now. In a run that did not stop them they
# are renewed after the commit, since they still hold the old code.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/workers.sh"
started=0
if [ -z "$BACKSTAY_LIVE" ]; then
	:
elif [ -e "$BACKSTAY_STATE/if-down" ]; then
	each_worker start_worker
	note_workers "$started started"
elif [ "$BACKSTAY_DIRECTION" = committed ]; then
	each_worker renew_worker
	note_workers "$started renewed"
fi
