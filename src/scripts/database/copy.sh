#!/bin/sh
# Copies are made beside the live data while the site works, where the engine can do that.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
notes=
for name in $DATABASES; do
	in_database "$name" copy || database_failed "could not be copied"
	database_note
done
note "$notes"
