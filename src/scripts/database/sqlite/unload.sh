#!/bin/sh
# The file BACKSTAY_DB_SOURCE as an archive: a copy by the backup API, which is one moment of it, and how many rows each table has there.
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DIR/lib/archive.sh"

main() {
	case $BACKSTAY_DB_SOURCE in /*) source=$BACKSTAY_DB_SOURCE ;; *) source=$BACKSTAY_PATH/$BACKSTAY_DB_SOURCE ;; esac
	[ -e "$source" ] || say_failed "there is no file $source"
	begin_archive "$BACKSTAY_DB_ARCHIVE" || say_failed "$BACKSTAY_DB_ARCHIVE cannot be written"
	plain=$ARCHIVE_PART/plain
	# each write by others begins the copy anew; with a write-ahead log a reader keeps its moment, and nobody waits for it
	first=
	[ "$(printf '%s\n' 'PRAGMA journal_mode;' | query "$source")" != wal ] || first='BEGIN; SELECT count(*) FROM sqlite_master;'
	backup "$source" "$plain" "$first" || say_failed "$source could not be copied: is the disk full, or does a transaction hold it?"
	check_file "$plain"
	fingerprint "$plain" || say_failed "the copy of $source cannot be read"
	archive_origin sqlite "$(printf '%s\n' 'SELECT sqlite_version();' | query "$plain")" "$source"
	archive_fact charset "$(printf '%s\n' 'PRAGMA encoding;' | query "$plain")"
	archive_fact fingerprint "$FINGERPRINT"
	stream_object 0001.database cat "$plain" || say_failed "the copy of $source could not be compressed: is the disk full?"
	archive_object database "${source##*/}" "$FILE" -
	counts "$plain" >"$BACKSTAY_DB_STATE/counts" || say_failed "the rows of $source could not be counted"
	archive_counts table <"$BACKSTAY_DB_STATE/counts"
	rm -f "$plain" "$plain"-*
	finish_archive || say_failed "the archive could not be written to the disk: is it full?"
	printf '%s\n' "$TABLES tables, $(du -sk "$BACKSTAY_DB_ARCHIVE" | awk '{ printf "%.1f MB", $1 / 1024 }')" >"$BACKSTAY_DB_STATE/note"
}

main
