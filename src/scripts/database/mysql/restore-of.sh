#!/bin/sh
# What an earlier run had sealed becomes live. What it replaces was sealed by this run, so it can be taken back.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	find_mode
	if [ "$MODE" = dump ]; then
		is_whole "$beside_earlier" || table_is_there "$live" "${beside_replaced}_marker" || say_failed "what was loaded beside $live is gone"
		swap_beside "$beside_earlier" "$beside_replaced" "$BACKSTAY_DB_EARLIER/programs"
	else
		swap "$earlier" "$replaced" "$BACKSTAY_DB_EARLIER/programs"
	fi
	open_fence
	say "swapped in: $(grep -vc '^schema	' "$BACKSTAY_DB_EARLIER/programs/definitions") tables as ${RESTORED_FROM:-what was loaded} has them, definitions compared"
}

main
