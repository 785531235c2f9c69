#!/bin/sh
# The sealed copy goes back into the live file through the backup API, and the result is compared with what was sealed.
# Repeating it is harmless. What the failed migration left is kept beside the copy.
. "$BACKSTAY_DB_DIR/engine.sh"
if [ -e "$BACKSTAY_DB_STATE/absent" ]; then
	rm -f "$DB_FILE" "$DB_FILE-journal" "$DB_FILE-wal" "$DB_FILE-shm"
	printf '%s\n' "the new file was removed" >"$BACKSTAY_DB_STATE/note"
	exit 0
fi
[ -s "$copy" ] && [ -s "$BACKSTAY_DB_STATE/fingerprint" ] || say_failed "the sealed copy $copy is missing; $DB_FILE was not touched"
fingerprint "$copy"
[ "$FINGERPRINT" = "$(cat "$BACKSTAY_DB_STATE/fingerprint")" ] || say_failed "the sealed copy $copy has changed since; $DB_FILE was not touched"
sealed=$FINGERPRINT
fingerprint "$DB_FILE" 2>/dev/null || FINGERPRINT=unreadable
if [ "$FINGERPRINT" != "$sealed" ]; then
	if [ ! -e "$failed" ]; then
		backup "$DB_FILE" "$failed.part" 2>/dev/null && mv "$failed.part" "$failed" || rm -f "$failed.part"
	fi
	restore_into "$copy" "$DB_FILE" || say_failed "$DB_FILE could not be written: another process holds it locked (fuser -v $DB_FILE)"
	fingerprint "$DB_FILE"
	[ "$FINGERPRINT" = "$sealed" ] || say_failed "$DB_FILE is not equal to the sealed copy after the restore"
fi
check_file "$DB_FILE"
sync "$DB_FILE" 2>/dev/null || sync
printf '%s\n' "restored: $TABLES tables as before, compared" >"$BACKSTAY_DB_STATE/note"
