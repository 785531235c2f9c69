#!/bin/sh
# A database beside the live one out of the archive, with the privileges and settings that are recorded there, compared with what the
# archive says of its definitions and rows; `restore-of` swaps it in then.
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DB_DIR/dumps.sh"

main() {
	recorded=$state/settings.archived
	unpacked_object settings >"$recorded"
	make_earlier "$recorded"
	trap drop_half EXIT
	make_extensions
	connect_to "$earlier"
	"$PG_RESTORE" -w -Fd --exit-on-error -j "$BACKSTAY_JOBS" -d "$BACKSTAY_CONNECT" "$BACKSTAY_DB_ARCHIVE" 2>"$state/refused" ||
		say_failed "what was archived cannot be restored: $(grep -v '^$' "$state/refused" | tail -n 2 | tr '\n' ' ')"
	compare
	from_file recorded -v to="$earlier" 2>"$state/refused" || say_failed "privileges or settings could not be made again: $(tail -n 2 "$state/refused" | tr '\n' ' ')"
	keep_loaded
	compare_settings
	trap - EXIT
	say "$earlier: $(awk 'END { print NR - 1 }' "$state/counts") tables loaded, definitions and rows as archived$newer"
}

# The file of the one object of that kind, as it was.
unpacked_object() { unpacked "$BACKSTAY_DB_ARCHIVE/$(archive_objects "$BACKSTAY_DB_ARCHIVE" "$1" | cut -f 2)"; }

# Before the dump is restored, which would take the versions that the server has now. In a schema that the dump makes itself it must do so.
make_extensions() {
	unpacked_object extensions >"$state/extensions.archived"
	grep -e ' SCHEMA public VERSION ' -e ' SCHEMA pg_catalog VERSION ' "$state/extensions.archived" | sql "$earlier" 2>"$state/refused" ||
		say_failed "an extension could not be made: $(tail -n 2 "$state/refused" | tr '\n' ' ')"
}

compare() {
	sql "$earlier" <"$BACKSTAY_DB_DIR/extensions.sql" >"$state/extensions"
	newer=$(grep -vxF -f "$state/extensions.archived" "$state/extensions" | sed 's/^.*NOT EXISTS //; s/;$//' | tr '\n' ' ' || :)
	newer=${newer:+; not of the version that was archived: $newer}
	sql "$earlier" <"$BACKSTAY_DB_DIR/counts.sql" >"$state/counts"
	archive_objects "$BACKSTAY_DB_ARCHIVE" table | cut -f 1,3 >"$state/counts.archived"
	cmp -s "$state/counts.archived" "$state/counts" || {
		diff "$state/counts.archived" "$state/counts" | cut -b 1-400 >&2 || :
		say_failed "what was loaded has not the tables and rows that were archived: $(diff "$state/counts.archived" "$state/counts" | sed -n 's/^[<>] //p' | head -n 1 | tr '\t' ' ')"
	}
	# another version says the same in other words
	[ "$(archive_said "$BACKSTAY_DB_ARCHIVE" dumped-by)" = "$("$PG_DUMP" --version)" ] || return 0
	"$PG_DUMP" -w -s -f "$state/schema" -d "$BACKSTAY_CONNECT" || say_failed "the definitions of what was loaded cannot be read"
	plain_schema "$state/schema" >"$state/definitions"
	unpacked_object definitions >"$state/definitions.archived"
	cmp -s "$state/definitions.archived" "$state/definitions" || {
		diff "$state/definitions.archived" "$state/definitions" | head -n 40 | cut -b 1-400 >&2 || :
		say_failed "what was loaded has other definitions than were archived: $(diff "$state/definitions.archived" "$state/definitions" | sed -n 's/^[<>] //p' | head -n 1)"
	}
}

# Which role has which number is another server's business.
compare_settings() {
	grep -v '^database	' "$recorded" >"$state/settings.wanted"
	grep -v '^database	' "$BACKSTAY_DB_EARLIER/settings" >"$state/settings.now"
	cmp -s "$state/settings.wanted" "$state/settings.now" || {
		diff "$state/settings.wanted" "$state/settings.now" | cut -b 1-400 >&2 || :
		say_failed "what was loaded has not the privileges and settings that were archived"
	}
}

main
