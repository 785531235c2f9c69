#!/bin/sh
# An archive of each database, of one moment of it, while the site works. Before it what a dead run has left half written goes.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"

main() {
	notes=
	for name in $DATABASES; do
		BACKSTAY_DB_SOURCE=$(cat "$BACKSTAY_STATE/db-$name/target")
		BACKSTAY_DB_ARCHIVE=$(archive_of "$BACKSTAY_RUN" "$name")
		export BACKSTAY_DB_SOURCE BACKSTAY_DB_ARCHIVE
		in_database "$name" unload || database_failed "could not be archived"
		database_note
	done
	note "$notes"
}

remove_halves
main
