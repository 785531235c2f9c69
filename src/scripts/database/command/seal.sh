#!/bin/sh
# The app's own backup command, in the release that is live.
set -eu
. "$BACKSTAY_DIR/lib/env.sh"
cd "${BACKSTAY_LIVE:-$BACKSTAY_RELEASE}"
with_env sh -eu "$BACKSTAY_DB_DIR/backup"
printf 'proof none\nfence none\n' >"$BACKSTAY_DB_STATE/facts"
printf '%s\n' "the app's own backup was made" >"$BACKSTAY_DB_STATE/note"
