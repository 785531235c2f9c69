#!/bin/sh
# Tells whoever is to be told; BACKSTAY_OUTCOME and BACKSTAY_REASON say what.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
if [ -n "$BACKSTAY_LIVE" ]; then cd "$BACKSTAY_LIVE"; fi
# A rollback that was rehearsed is no reason to get up.
if [ -n "${DRILL-}" ]; then BACKSTAY_REASON="drill $DRILL: $BACKSTAY_REASON"; fi
export APP ENVIRONMENT REVISION
with_env sh -eu "$BACKSTAY_STEP_DIR/command"
