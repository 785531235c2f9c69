#!/bin/sh
# After the commit, with the site open: archives of the copies that this run has sealed, for `databases.<name>.archive`. What fails here
# is a warning, and leaves nothing.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"

main() {
	notes='' failed=0
	for name in $ARCHIVED; do
		[ -e "$BACKSTAY_STATE/db-$name/sealed" ] || continue
		BACKSTAY_DB_ARCHIVE=$(archive_of "$BACKSTAY_RUN" "$name")
		# this may be the second time, after a crash
		[ ! -e "$BACKSTAY_DB_ARCHIVE" ] || continue
		BACKSTAY_DB_SOURCE=$(copy_name "$name")
		export BACKSTAY_DB_SOURCE BACKSTAY_DB_ARCHIVE
		if in_database "$name" unload; then
			database_note
		else
			failed=1
			# what is half written may be why nothing more can be written down
			remove_halves
			fact warning "no archive of database $name was made: $(tail -n 1 "$BACKSTAY_DIR/log/finish-${BACKSTAY_STEP_DIR##*/}.log")"
		fi
	done
	remove_halves
	note "${notes:-no copy was sealed in this run}"
	return "$failed"
}

main
