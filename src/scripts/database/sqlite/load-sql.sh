#!/bin/sh
# A file beside the live one out of statements from standard input. They may open no other file: sqlite3 sees to that itself.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	rm -f "$earlier"*
	trap 'rm -f "$earlier".part*' EXIT
	mkdir -p "${earlier%/*}"
	command -v sqlite3 >/dev/null && sqlite3 -safe :memory: 'SELECT 1;' >/dev/null 2>&1 ||
		say_failed "statements are carried out by sqlite3 -safe alone: install sqlite3 3.37 or later on the target"
	sqlite3 -batch -bail -safe "$earlier.part" >/dev/null || say_failed "the statements could not be carried out; nothing was kept of them"
	[ -s "$earlier.part" ] || say_failed "the statements make no database"
	check_file "$earlier.part"
	fingerprint "$earlier.part" || say_failed "what the statements have made cannot be read"
	keep_loaded
	printf '%s\n' "$TABLES tables made by the statements" >"$BACKSTAY_DB_STATE/note"
}

main
