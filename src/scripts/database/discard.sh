#!/bin/sh
# Undo of `copy`: copies that were not swapped in are removed. The data is back by then: a copy that cannot be removed now must
# not hold the site in maintenance. It is told, and retention tries again.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
for name in $(reversed "$DATABASES"); do
	in_database "$name" discard || fact warning "the copy of database $name could not be removed: see the log of copy"
done
