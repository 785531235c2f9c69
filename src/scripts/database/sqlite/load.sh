#!/bin/sh
# A file beside the live one out of the archive, compared with what the archive says of it; `restore-of` brings it back then.
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DIR/lib/archive.sh"

main() {
	rm -f "$earlier"*
	trap 'rm -f "$earlier".part*' EXIT
	mkdir -p "${earlier%/*}"
	object=$(archive_objects "$BACKSTAY_DB_ARCHIVE" database | cut -f 2)
	[ -n "$object" ] || say_failed "the archive $BACKSTAY_DB_ARCHIVE holds no database"
	unpacked "$BACKSTAY_DB_ARCHIVE/$object" >"$earlier.part" || say_failed "$BACKSTAY_DB_ARCHIVE/$object could not be unpacked: is the disk full?"
	check_file "$earlier.part"
	fingerprint "$earlier.part" || say_failed "what was loaded cannot be read"
	[ "$FINGERPRINT" = "$(archive_said "$BACKSTAY_DB_ARCHIVE" fingerprint)" ] || say_failed "what was loaded is not what was archived: its rows or definitions differ"
	archive_objects "$BACKSTAY_DB_ARCHIVE" table | cut -f 1,3 >"$BACKSTAY_DB_STATE/counts.archived"
	counts "$earlier.part" >"$BACKSTAY_DB_STATE/counts"
	cmp -s "$BACKSTAY_DB_STATE/counts.archived" "$BACKSTAY_DB_STATE/counts" || say_failed "what was loaded has not as many rows as were archived"
	keep_loaded
	printf '%s\n' "$TABLES tables loaded, every row as archived" >"$BACKSTAY_DB_STATE/note"
}

main
