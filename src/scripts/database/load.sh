#!/bin/sh
# Beside the live data: what is to be brought back, out of an archive (ARCHIVE_OF is its run) or of statements that were uploaded.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/upload.sh"

load() {
	BACKSTAY_DB_ARCHIVE=$(archive_of "$ARCHIVE_OF" "$name")
	export BACKSTAY_DB_ARCHIVE
	in_database "$name" load
}

load_statements() {
	read -r sha256 bytes format <"$UPLOAD/done"
	whole=$BACKSTAY_STATE/statements-whole
	unpacked_upload "$whole" | in_database "$name" load-sql && [ -e "$whole" ]
}

main() {
	notes=
	for name in $DATABASES; do
		BACKSTAY_DB_STATE=$BACKSTAY_STATE/db-$name BACKSTAY_DB_EARLIER=$BACKSTAY_STATE/db-$name/loaded
		export BACKSTAY_DB_EARLIER
		rm -rf "$BACKSTAY_DB_EARLIER"
		mkdir -p "$BACKSTAY_DB_EARLIER"
		if [ -n "$ARCHIVE_OF" ]; then
			load || database_failed "could not be loaded from $LOADED_FROM"
		else
			load_statements || database_failed "could not be loaded from $LOADED_FROM"
		fi
		database_note
	done
	rm -f "$UPLOAD/artifact"
	note "$notes"
}

ARCHIVE_OF=${ARCHIVE_OF-}
main
