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
# Nobody can tell from here whether a request still runs, so the whole time is given. A first deploy serves nobody yet.
[ -z "$BACKSTAY_LIVE" ] || sleep "$DRAIN_S"
notes=
for name in $DATABASES; do
	in_database "$name" seal || database_failed "could not be sealed"
	: >"$BACKSTAY_DB_STATE/sealed"
	sync "$BACKSTAY_DB_STATE/sealed" 2>/dev/null || sync
	database_note
	database_facts
done
note "${notes:-no database to protect}"
