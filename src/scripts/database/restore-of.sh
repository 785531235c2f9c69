#!/bin/sh
# Brings back what an earlier run, RESTORE_OF, had sealed. This run's own seal stands already, so it can be taken back.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/leaks.sh"
look_for_leaks sealed
notes=
fact data migrated
for name in $DATABASES; do
	earlier=$BACKSTAY_PATH/.backstay/runs/$RESTORE_OF/state/db-$name
	[ -e "$earlier/sealed" ] || fail "run $RESTORE_OF sealed no copy of database $name"
	BACKSTAY_DB_EARLIER=$earlier
	export BACKSTAY_DB_EARLIER RESTORE_OF
	in_database "$name" restore-of || database_failed "could not be brought back from run $RESTORE_OF"
	database_note
done
fact data restored
note "$notes"
