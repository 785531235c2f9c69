#!/bin/sh
# After a first deploy that failed: the shared storage may have been there before, and must not stay in maintenance.
# Where a version was live before, maintenance stays on until the data is back: maintenance-off lifts it then.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"
[ -z "$BACKSTAY_OLD" ] && [ -d "$BACKSTAY_RELEASE" ] || exit 0
# without a check of its own nobody can tell by now: the site is gone
if [ "$PRESET" != laravel ] && [ ! -f "$BACKSTAY_DIR/lib/maintenance/check" ]; then
	maintenance_off "$BACKSTAY_RELEASE"
elif maintenance_is_on "$BACKSTAY_RELEASE"; then
	maintenance_off "$BACKSTAY_RELEASE"
fi
