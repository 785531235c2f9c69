#!/bin/sh
# Archives that retention lets go; REMOVED has a word RUN/NAME for each.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
removed=0
for one in $REMOVED; do
	remove_archive "${one%%/*}" "${one#*/}" || fail "archive $one could not be removed: files of another user are in it"
	removed=$((removed + 1))
done
remove_halves
if [ "$removed" -eq 1 ]; then note "1 archive removed"; else note "$removed archives removed"; fi
