#!/bin/sh
# Once the run is decided, what was closed for it at the databases is opened: accounts, events.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
for name in $DATABASES; do
	in_database "$name" open || database_failed "could not be opened again"
done
