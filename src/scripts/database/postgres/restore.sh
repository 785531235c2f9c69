#!/bin/sh
# Undo of `seal`: the copy becomes live in one transaction, what the failed migration left is kept as <db>__failed_<run>.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	if is_dump; then
		restore_dump "$(dump_of "$BACKSTAY_RUN")"
		say "$live made again from its dump in one transaction, compared: $(tables_in "$(dump_of "$BACKSTAY_RUN")") tables"
		return 0
	fi
	[ -s "$state/copy-oid" ] || say_failed "it is not known which database is the copy: $live was not touched"
	swap "$shadow" "$failed" "$(cat "$state/copy-oid")" "$state/settings"
	say "swapped back: $live as before with its privileges and settings; the failed state is kept as $failed, closed"
}

main
