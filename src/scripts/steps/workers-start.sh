#!/bin/sh
# The workers that ran before are started again, with the code that is live now. In a run that did not stop them they
# are renewed where `current` was switched: after the commit they still hold the old code, and after a rollback one that was
# renewed meanwhile would hold code that is gone.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/workers.sh"
started=0
if [ -z "$BACKSTAY_LIVE" ]; then
	:
elif [ -e "$BACKSTAY_STATE/if-down" ]; then
	each_worker start_worker
	note_workers "$started started"
elif [ "$BACKSTAY_DIRECTION" = committed ] || [ -e "$BACKSTAY_STATE/switch-old" ]; then
	each_worker renew_worker
	note_workers "$started renewed"
fi
