#!/bin/sh
# Undo of `archive`: an archive of a run that failed is none, and its space is needed.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
remove_halves
for name in $DATABASES; do
	[ ! -e "$(archive_of "$BACKSTAY_RUN" "$name")" ] || remove_archive "$BACKSTAY_RUN" "$name"
done
rmdir "$BACKSTAY_PATH/.backstay/copies/$BACKSTAY_RUN" 2>/dev/null || :
