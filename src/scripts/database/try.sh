#!/bin/sh
# Archives, each loaded into a scratch database beside the live one, compared with its manifest, and taken away again. TRIED has a word
# RUN/NAME for each. What is found is remembered beside the archive; it fails nothing.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/archive.sh"

try_one() {
	archive_faults "$BACKSTAY_DB_ARCHIVE" >"$faults"
	[ ! -s "$faults" ] || return 0
	driver=$(cat "$BACKSTAY_STATE/db-$name/driver") engine=$(archive_said "$BACKSTAY_DB_ARCHIVE" engine)
	[ "$engine" = "$driver" ] || {
		printf '%s\n' "it is one of $engine, and database $name is $driver now" >"$faults"
		return 0
	}
	in_database "$name" load >"$BACKSTAY_STATE/load.out" 2>&1 || {
		tail -n 20 "$BACKSTAY_STATE/load.out"
		tail -n 1 "$BACKSTAY_STATE/load.out" | sed 's/^/it cannot be restored: /' >"$faults"
		[ -s "$faults" ] || printf 'it cannot be restored\n' >"$faults"
	}
	in_database "$name" discard || fact warning "what was loaded of $one could not be removed"
}

main() {
	count=0 good=0 faults=$BACKSTAY_STATE/faults
	for one in $TRIED; do
		run=${one%%/*} name=${one#*/}
		BACKSTAY_DB_ARCHIVE=$(archive_of "$run" "$name") BACKSTAY_DB_EARLIER=$BACKSTAY_STATE/db-$name/loaded
		export BACKSTAY_DB_ARCHIVE BACKSTAY_DB_EARLIER
		rm -rf "$BACKSTAY_DB_EARLIER"
		mkdir -p "$BACKSTAY_DB_EARLIER"
		: >"$faults"
		try_one
		archive_mark "$BACKSTAY_DB_ARCHIVE" restore <"$faults"
		count=$((count + 1))
		if [ -s "$faults" ]; then fact warning "archive $one: $(head -n 1 "$faults")"; else good=$((good + 1)); fi
	done
	note "$good of $count came back as they were archived"
}

main
