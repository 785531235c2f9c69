#!/bin/sh
# What an earlier run had sealed goes back into the live file.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	[ ! -e "$BACKSTAY_DB_EARLIER/absent" ] || say_failed "there was no $db_file before that run"
	bring_back "$copies/$RESTORE_OF/$BACKSTAY_DB.sqlite" "$(cat "$BACKSTAY_DB_EARLIER/fingerprint")"
	printf '%s\n' "$TABLES tables as before run $RESTORE_OF, compared" >"$BACKSTAY_DB_STATE/note"
}

main
