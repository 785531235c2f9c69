#!/bin/sh
# Undo of `archive`: an archive of a run that failed is none, and its space is needed. What cannot be removed is told: nothing of the
# site depends on it.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
remove_halves
for name in $DATABASES; do
	[ ! -e "$(archive_of "$BACKSTAY_RUN" "$name")" ] || remove_archive "$BACKSTAY_RUN" "$name" || fact warning "archive $BACKSTAY_RUN/$name could not be removed"
done
rmdir "$BACKSTAY_PATH/.backstay/copies/$BACKSTAY_RUN" 2>/dev/null || :
