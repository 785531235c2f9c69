#!/bin/sh
# The database BACKSTAY_DB_SOURCE as an archive: what pg_dump writes into a folder, so that pg_restore reads the archive as it is, and what
# the server keeps of it outside of it. The site goes on: a dump only stands in the way of changes of definitions.
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DB_DIR/dumps.sh"

main() {
	await_server
	source=$BACKSTAY_DB_SOURCE
	[ "$source" = "$live" ] || ! is_dump || say_failed "what this run has sealed is a dump (protect: dump), and no archive is made of it: backstay backup create makes one of the live data"
	[ -n "$(oid_of "$source")" ] || say_failed "there is no database $source"
	begin_archive "$BACKSTAY_DB_ARCHIVE" || say_failed "$BACKSTAY_DB_ARCHIVE cannot be written"
	BACKSTAY_DUMP=$ARCHIVE_PART.dump
	mkdir "$BACKSTAY_DUMP"
	connect_to "$source"
	export BACKSTAY_DUMP BACKSTAY_CONNECT BACKSTAY_JOBS PG_DUMP
	if [ "$source" != "$live" ]; then
		trap 'allow_connections "$source" false' EXIT
		allow_connections "$source" true
	fi
	sql "$source" -v counts="$BACKSTAY_DB_DIR/counts.sql" <"$BACKSTAY_DB_DIR/snapshot.sql" >"$state/counts" 2>"$state/refused" || say_failed "$source could not be read: $(last_words "$state/refused")"
	[ -e "$BACKSTAY_DUMP/whole" ] || say_failed "$source could not be dumped: $(last_words "$BACKSTAY_DUMP/refused")"
	write_archive
	say "$source: $(awk 'END { print NR - 1 }' "$state/counts") tables, $(du -sk "$BACKSTAY_DB_ARCHIVE" | awk '{ printf "%.1f MB", $1 / 1024 }')"
}

write_archive() {
	archive_origin postgres "$(ask "SELECT current_setting('server_version')")" "$source"
	archive_fact dumped-by "$("$PG_DUMP" --version)"
	for fact in "charset pg_encoding_to_char(encoding)" "collation datcollate" "owner pg_get_userbyid(datdba)"; do
		archive_fact "${fact%% *}" "$(ask "SELECT ${fact#* } FROM pg_database WHERE datname = :'name'" -v name="$source")"
	done
	settings "$source" >"$BACKSTAY_DUMP/settings"
	plain_schema "$BACKSTAY_DUMP/schema" >"$BACKSTAY_DUMP/definitions"
	sql "$source" <"$BACKSTAY_DB_DIR/extensions.sql" >"$BACKSTAY_DUMP/extensions"
	for kind in settings extensions definitions; do
		stream_object "$kind" cat "$BACKSTAY_DUMP/$kind" || say_failed "the archive cannot be written: is the disk full?"
		archive_object "$kind" "$source" "$FILE" -
	done
	for file in "$BACKSTAY_DUMP/files"/*; do
		kind=data
		case $file in */toc.dat) kind=toc ;; esac
		mv "$file" "$ARCHIVE_PART/"
		archive_object "$kind" "${file##*/}" "${file##*/}" -
	done
	archive_counts table <"$state/counts"
	rm -rf "$BACKSTAY_DUMP"
	finish_archive || say_failed "the archive could not be written to the disk: is it full?"
}

main
