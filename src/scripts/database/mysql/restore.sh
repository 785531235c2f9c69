#!/bin/sh
# Undo of `seal`: the copy becomes live in one statement, what the failed migration left is kept as <db>__failed_<run>.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	find_mode
	if [ "$MODE" = dump ]; then
		BACKSTAY_DB_ARCHIVE=$state/archive
		swap_beside "$beside_live" "$beside_failed" "$state/programs"
		failed="tables ${beside_failed}_…"
	else
		swap "$shadow" "$failed" "$state/programs"
	fi
	open_fence
	say "swapped back: $(grep -vc '^schema	' "$state/programs/definitions") tables, $(stands_beside) as before; the failed state is kept as $failed"
}

# For people: what stands beside the tables.
stands_beside() {
	printf '%s views, %s triggers' "$(awk 'END { print NR }' "$state/programs/views")" "$(grep -c ' TRIGGER ' "$state/programs/triggers.sql" || :)"
}

main
