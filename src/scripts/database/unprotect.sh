#!/bin/sh
# Undo of `protect`: every sealed database gets back what it held, and that is checked. One that was not sealed has not
# been touched.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"

# What users write into data that is about to go would be lost. Somebody may have lifted maintenance meanwhile.
hold_maintenance() {
	[ -e "$BACKSTAY_STATE/if-down" ] && [ -n "$BACKSTAY_LIVE" ] || return 0
	maintenance_is_on "$BACKSTAY_LIVE" || maintenance_on "$BACKSTAY_LIVE"
}

# One that keeps its maintenance in a database cannot answer while that is closed; it is asked once more then. Where maintenance
# cannot be put back the data goes back all the same.
await_maintenance() {
	[ -n "$holder" ] || return 0
	wait "$holder" || hold_maintenance || fact warning "maintenance was lifted during the run and could not be put back before the data was restored"
	holder=
}

# A server that was restarted meanwhile is there again in a moment, and a restore may be repeated. One that did not come back has
# been waited for.
restore() {
	began=$(date +%s)
	in_database "$1" restore && return 0
	[ $(($(date +%s) - began)) -lt 30 ] && in_database "$1" restore
}

# The app takes as long to answer as a database to be swapped.
hold_maintenance &
holder=$!
notes=
for name in $(reversed "$DATABASES"); do
	[ -e "$BACKSTAY_STATE/db-$name/sealed" ] || continue
	restore "$name" || {
		await_maintenance
		database_failed "could not be restored"
	}
	await_maintenance
	database_note
	fact data restored
done
await_maintenance
note "${notes:-nothing was sealed yet, the data was not touched}"
