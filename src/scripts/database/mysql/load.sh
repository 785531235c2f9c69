#!/bin/sh
# The archive BACKSTAY_DB_ARCHIVE as a schema beside the live one, compared with what the archive says of rows and definitions; `restore-of`
# swaps it in then. Where no other schema is allowed the tables come beside the live ones, under names of ours.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	await_server
	find_mode
	faults=$(archive_faults "$BACKSTAY_DB_ARCHIVE")
	[ -z "$faults" ] || say_failed "the archive $BACKSTAY_DB_ARCHIVE is damaged: $(printf '%s\n' "$faults" | head -n 1)"
	if [ "$MODE" = dump ]; then
		load_beside "$beside_earlier"
	else
		load_schema "$earlier"
	fi
	keep_loaded
	say "$(awk -F '\t' '$1 == "object" && ($2 == "table" || $2 == "sequence")' "$BACKSTAY_DB_ARCHIVE/manifest" | awk 'END { print NR }') tables loaded, rows and definitions as archived"
}

# What `restore-of` brings back beside the tables. The dump names the schema where it sets its defaults; it may have had another name.
keep_loaded() {
	kept=$BACKSTAY_DB_EARLIER/programs
	mkdir -p "$kept"
	unpack definitions "$kept/definitions"
	unpack views "$kept/views"
	unpack triggers "$state/triggers.archived"
	unpack routines "$state/routines.archived"
	was=$(archive_said "$BACKSTAY_DB_ARCHIVE" database)
	of_schema "$was" "$live" <"$state/triggers.archived" >"$kept/triggers.sql"
	of_schema "$was" "$live" <"$state/routines.archived" >"$kept/routines.sql"
	: >"$BACKSTAY_DB_EARLIER/sealed"
	persist "$kept"/* "$BACKSTAY_DB_EARLIER/sealed" "$kept" "$BACKSTAY_DB_EARLIER"
}

main
