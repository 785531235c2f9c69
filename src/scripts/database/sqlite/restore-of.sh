#!/bin/sh
# What an earlier run had sealed, or what was loaded, goes back into the live file.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	[ ! -e "$BACKSTAY_DB_EARLIER/absent" ] || say_failed "there was no $db_file before that run"
	file=$copies/${RESTORE_OF-}/$BACKSTAY_DB.sqlite
	[ ! -f "$BACKSTAY_DB_EARLIER/file" ] || file=$(cat "$BACKSTAY_DB_EARLIER/file")
	bring_back "$file" "$(cat "$BACKSTAY_DB_EARLIER/fingerprint")"
	printf '%s\n' "$TABLES tables as $RESTORED_FROM has them, compared" >"$BACKSTAY_DB_STATE/note"
}

main
