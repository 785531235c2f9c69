#!/bin/sh
# A copy of the file, compared with it table by table and row by row.
. "$BACKSTAY_DB_DIR/engine.sh"
: >"$BACKSTAY_DB_STATE/facts"
if [ ! -e "$DB_FILE" ]; then # a first deploy makes it; going back removes it
	: >"$BACKSTAY_DB_STATE/absent"
	printf 'proof exact\nfence cooperative\n' >"$BACKSTAY_DB_STATE/facts"
	printf '%s\n' "no file yet" >"$BACKSTAY_DB_STATE/note"
	exit 0
fi
mkdir -p "$copies"
rm -f "$copy" "$copy-journal" "$copy-wal"
backup "$DB_FILE" "$copy"
check_file "$copy"
fingerprint "$DB_FILE"
live=$FINGERPRINT
fingerprint "$copy"
[ "$live" = "$FINGERPRINT" ] || say_failed "the copy of $DB_FILE is not equal to it: something writes while the app is in maintenance"
printf '%s\n' "$FINGERPRINT" >"$BACKSTAY_DB_STATE/fingerprint"
sync "$copy" "$copies" "$BACKSTAY_DB_STATE/fingerprint" 2>/dev/null || sync
printf 'proof exact\nfence cooperative\n' >"$BACKSTAY_DB_STATE/facts"
printf '%s\n' "$TABLES tables equal (exact, cooperative)" >"$BACKSTAY_DB_STATE/note"
