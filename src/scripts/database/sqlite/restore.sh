#!/bin/sh
# What was sealed goes back into the live file. What the failed migration left is kept beside the copy.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	if [ -e "$BACKSTAY_DB_STATE/absent" ]; then
		rm -f "$db_file" "$db_file-journal" "$db_file-wal" "$db_file-shm"
		printf '%s\n' "the new file was removed, as before" >"$BACKSTAY_DB_STATE/note"
		return 0
	fi
	bring_back "$copy" "$(cat "$BACKSTAY_DB_STATE/fingerprint")"
	printf '%s\n' "restored: $TABLES tables as before, compared" >"$BACKSTAY_DB_STATE/note"
}

main
