#!/bin/sh
# What an earlier run had sealed becomes live. What it replaces was sealed by this run, so it can be taken back.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	swap "$earlier" "$replaced" "$(cat "$state/earlier-oid")" "$BACKSTAY_DB_EARLIER/settings"
	say "swapped in: $live as $RESTORED_FROM has it, with its privileges and settings"
}

main
