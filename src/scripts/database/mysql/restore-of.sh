#!/bin/sh
# What an earlier run had sealed becomes live. What it replaces was sealed by this run, so it can be taken back.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	swap "$earlier" "$replaced" "$BACKSTAY_DB_EARLIER/programs"
	open_fence
	say "swapped in: $(grep -vc '^schema' "$BACKSTAY_DB_EARLIER/programs/definitions") tables as $RESTORED_FROM has them, definitions compared"
}

main
