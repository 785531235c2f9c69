#!/bin/sh
# Undo of `protect`: every sealed database gets back what it held, and that is checked. One that was not sealed has not
# been touched.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"

# What users write into data that is about to go would be lost. Somebody may have lifted maintenance meanwhile; where it cannot
# be put back the data goes back all the same.
hold_maintenance() {
	[ -e "$BACKSTAY_STATE/if-down" ] && [ -n "$BACKSTAY_LIVE" ] || return 0
	! is_our_file_there || return 0
	maintenance_is_on "$BACKSTAY_LIVE" || maintenance_on "$BACKSTAY_LIVE" ||
		fact warning "maintenance was lifted during the run and could not be put back before the data was restored"
}

# With this run's own secret in it, where Laravel keeps maintenance in a file: it is on, and the app need not start to say so.
is_our_file_there() {
	[ "$PRESET" = laravel ] && [ -s "$BACKSTAY_SECRETS/bypass" ] &&
		grep -qsF -f "$BACKSTAY_SECRETS/bypass" "$BACKSTAY_LIVE/storage/framework/down"
}

# A server that was restarted meanwhile is there again in a moment, and a restore may be repeated. One that did not come back has
# been waited for.
restore() {
	began=$(date +%s)
	in_database "$1" restore && return 0
	[ $(($(date +%s) - began)) -lt 30 ] && in_database "$1" restore
}

hold_maintenance
notes=
for name in $(reversed "$DATABASES"); do
	[ -e "$BACKSTAY_STATE/db-$name/sealed" ] || continue
	restore "$name" || database_failed "could not be restored"
	database_note
	fact data restored
done
note "${notes:-nothing was sealed yet, the data was not touched}"
