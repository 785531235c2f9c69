#!/bin/sh
# A hook of the user's: a command in the release, stopped at its first failing line.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/leaks.sh"
look_around_hook before
if [ -d "$BACKSTAY_RELEASE" ] && [ "${BACKSTAY_DIRECTION-}" != rolled-back ]; then
	cd "$BACKSTAY_RELEASE"
elif [ -n "$BACKSTAY_LIVE" ]; then
	cd "$BACKSTAY_LIVE"
fi
with_env sh -eu "$BACKSTAY_STEP_DIR/command"
look_around_hook after
note "$HOOK"
