#!/bin/sh
# What the user wrote to take a hook back.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
[ -f "$BACKSTAY_STEP_DIR/undo-command" ] || exit 0
if [ -d "$BACKSTAY_RELEASE" ]; then cd "$BACKSTAY_RELEASE"; fi
with_env sh -eu "$BACKSTAY_STEP_DIR/undo-command"
