#!/bin/sh
# Undo of `copy`: copies that were not swapped in are removed.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
for name in $(reversed "$DATABASES"); do
	in_database "$name" discard || fail "the copy of database $name could not be removed"
done
