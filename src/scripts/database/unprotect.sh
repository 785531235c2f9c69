#!/bin/sh
# Undo of `protect`: every sealed database gets back what it held, and that is checked. One that was not sealed has not
# been touched.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
notes=
for name in $(reversed "$DATABASES"); do
	[ -e "$BACKSTAY_STATE/db-$name/sealed" ] || continue
	in_database "$name" restore || fail "database $name could not be restored"
	database_note
	fact data restored
done
note "${notes:-nothing was sealed yet, the data was not touched}"
