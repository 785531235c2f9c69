#!/bin/sh
# What an earlier run had sealed becomes live. What it replaces was sealed by this run, so it can be taken back.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	if [ -d "$(dump_of "$RESTORE_OF")" ]; then
		restore_dump "$(dump_of "$RESTORE_OF")"
		say "$live made again from the dump of before run $RESTORE_OF, compared"
		return 0
	fi
	swap "$earlier" "$replaced" "$(cat "$state/earlier-oid")" "$BACKSTAY_DB_EARLIER/settings"
	say "swapped in: $live as $RESTORED_FROM has it, with its privileges and settings"
}

main
