#!/bin/sh
# Before anything else: the archives that are to be brought back are whole.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/archive.sh"

main() {
	broken=
	for name in $DATABASES; do
		archive=$(archive_of "$ARCHIVE_OF" "$name")
		archive_faults "$archive" >"$BACKSTAY_STATE/db-$name/faults"
		[ ! -d "$archive" ] || archive_mark "$archive" hashes <"$BACKSTAY_STATE/db-$name/faults"
		sed "s/^/archive $ARCHIVE_OF\/$name: /" "$BACKSTAY_STATE/db-$name/faults"
		[ -n "$broken" ] || [ ! -s "$BACKSTAY_STATE/db-$name/faults" ] || broken="$ARCHIVE_OF/$name: $(head -n 1 "$BACKSTAY_STATE/db-$name/faults")"
		engine=$(archive_said "$archive" engine 2>/dev/null || :)
		[ -n "$broken" ] || [ "$engine" = "$(cat "$BACKSTAY_STATE/db-$name/driver")" ] ||
			fail "archive $ARCHIVE_OF/$name is one of $engine, and database $name is $(cat "$BACKSTAY_STATE/db-$name/driver") now"
	done
	[ -z "$broken" ] || fail "archive $broken"
	note "every file is as it was written"
}

main
