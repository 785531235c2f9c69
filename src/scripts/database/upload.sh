#!/bin/sh
# The runner streams a file of statements into upload/artifact and then writes upload/done: `SHA256 BYTES FORMAT`.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/upload.sh"
wait_for_upload
note "$((bytes / 1024)) KB arrived, compressed, as they were sent"
