#!/bin/sh
# A copy of the file, compared with it table by table and row by row.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	printf 'proof exact\nfence cooperative\n' >"$BACKSTAY_DB_STATE/facts"
	case $(readlink -f "$db_file" 2>/dev/null || printf %s "$db_file") in
	"$BACKSTAY_PATH"/releases/*) say_failed "$db_file lies inside a release, so the next one would begin without it: name it under release.shared" ;;
	esac
	rm -f "$BACKSTAY_DB_STATE/absent"
	if [ ! -e "$db_file" ]; then # the migration will make it; going back removes it
		: >"$BACKSTAY_DB_STATE/absent"
		sync "$BACKSTAY_DB_STATE/absent" 2>/dev/null || sync
		printf '%s\n' "no file yet" >"$BACKSTAY_DB_STATE/note"
		return 0
	fi
	mkdir -p "${copy%/*}"
	rm -f "$copy" "$copy-journal" "$copy-wal"
	backup "$db_file" "$copy" || say_failed "$db_file could not be copied"
	check_file "$copy"
	: >"$BACKSTAY_DB_STATE/sealing"
	fingerprint "$db_file"
	live=$FINGERPRINT
	fingerprint "$copy"
	[ "$live" = "$FINGERPRINT" ] || say_failed "the copy of $db_file is not equal to it: something writes while the app is in maintenance"
	printf '%s\n' "$FINGERPRINT" >"$BACKSTAY_DB_STATE/fingerprint"
	sync "$copy" "${copy%/*}" "$BACKSTAY_DB_STATE/fingerprint" 2>/dev/null || sync
	printf '%s\n' "$TABLES tables equal (exact, cooperative)" >"$BACKSTAY_DB_STATE/note"
}

main
