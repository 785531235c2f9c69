#!/bin/sh
# In maintenance: requests that still run may finish, then every database is sealed, which means that a copy proven
# equal to the live data is on disk. From here on the data can come back.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"
. "$BACKSTAY_DIR/lib/workers.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
prove_maintenance
prove_workers_stopped
# Nobody can tell from here whether a request still runs, so the whole time is given.
sleep "$DRAIN_S"
notes=
for name in $DATABASES; do
	in_database "$name" seal || fail "database $name could not be sealed"
	: >"$BACKSTAY_DB_STATE/sealed"
	sync "$BACKSTAY_DB_STATE/sealed" 2>/dev/null || sync
	database_note
	while read -r fact value; do fact "$fact" "$value"; done <"$BACKSTAY_DB_STATE/facts"
done
fact sealed yes
note "$notes"
