#!/bin/sh
# Brings back what an earlier run, RESTORE_OF, had sealed, or what the step `load` has put beside the live data. This run's own
# seal stands already, so it can be taken back.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/leaks.sh"
RESTORE_OF=${RESTORE_OF-} LOADED_FROM=${LOADED_FROM-}
look_for_leaks sealed
notes=
fact data migrated
for name in $DATABASES; do
	BACKSTAY_DB_EARLIER=$BACKSTAY_STATE/db-$name/loaded RESTORED_FROM=$LOADED_FROM
	if [ -n "$RESTORE_OF" ]; then BACKSTAY_DB_EARLIER=$BACKSTAY_PATH/.backstay/runs/$RESTORE_OF/state/db-$name RESTORED_FROM="run $RESTORE_OF"; fi
	[ -e "$BACKSTAY_DB_EARLIER/sealed" ] || fail "$RESTORED_FROM has no copy of database $name"
	export BACKSTAY_DB_EARLIER RESTORE_OF RESTORED_FROM
	in_database "$name" restore-of || database_failed "could not be brought back from $RESTORED_FROM"
	database_note
done
fact data restored
note "$notes"
