#!/bin/sh
# Who has written to the file once it is sealed, and before the migration: nobody where the file is as old as the seal, or holds what
# it held. Later writes cannot be told from the migration's, and a file has no sessions.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	: >"$BACKSTAY_DB_STATE/leaks"
	case $BACKSTAY_MOMENT in
	hooked) mark ;;
	sealed) compare ;;
	esac
}

mark() {
	: >"$BACKSTAY_DB_STATE/sealing"
	[ -e "$db_file" ] || return 0
	fingerprint "$db_file"
	printf '%s\n' "$FINGERPRINT" >"$BACKSTAY_DB_STATE/fingerprint.hooked"
}

compare() {
	expected=$BACKSTAY_DB_STATE/fingerprint
	[ ! -e "$expected.hooked" ] || expected=$expected.hooked
	[ -e "$db_file" ] || return 0
	if [ -s "$expected" ]; then
		[ -n "$(find "$db_file" "$db_file-wal" "$db_file-journal" -newer "$BACKSTAY_DB_STATE/sealing" 2>/dev/null)" ] || return 0
		fingerprint "$db_file"
		[ "$FINGERPRINT" != "$(cat "$expected")" ] || return 0
	fi
	printf '%s\n' "rows were written to $db_file" >"$BACKSTAY_DB_STATE/leaks"
}

main
