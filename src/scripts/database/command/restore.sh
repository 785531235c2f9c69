#!/bin/sh
# The app's own restore command; its exit status is all that is known of it.
set -eu
. "$BACKSTAY_DIR/lib/env.sh"
cd "${BACKSTAY_LIVE:-$BACKSTAY_RELEASE}"
with_env sh -eu "$BACKSTAY_DB_DIR/restore-command"
printf '%s\n' "the app's own restore ran" >"$BACKSTAY_DB_STATE/note"
