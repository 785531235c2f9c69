#!/bin/sh
# After a first deploy that failed: the shared storage may have been there before, and must not stay in maintenance.
# Where a version was live before, maintenance stays on until the data is back: maintenance-off lifts it then.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"
[ -z "$BACKSTAY_OLD" ] && [ "$PRESET" = laravel ] && [ -d "$BACKSTAY_RELEASE" ] || exit 0
! maintenance_is_on "$BACKSTAY_RELEASE" || maintenance_off "$BACKSTAY_RELEASE"
