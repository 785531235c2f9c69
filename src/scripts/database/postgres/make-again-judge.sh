#!/bin/sh
# Called by make-again.sql before it ends its transaction: prints whether that may be committed. Its number is on the disk before.
set -u
state=$BACKSTAY_DB_STATE
until [ -s "$state/load.ended" ]; do sleep 0.02 2>/dev/null || sleep 1; done
judge() {
	[ "$(cat "$state/load.ended")" = well ] || return 1
	[ "$BACKSTAY_WHAT" = restore ] || return 1
	: >"$state/different"
	for what in objects rows; do
		cmp -s "$BACKSTAY_SAVED/$what" "$state/$what.now" || diff "$BACKSTAY_SAVED/$what" "$state/$what.now" | sed -n 's/^[<>] //p' | cut -b 1-300 >>"$state/different"
	done
	[ ! -s "$state/different" ] || return 1
	printf '%s\n' "$BACKSTAY_XID" >"$BACKSTAY_RESTORED_BY" && { sync "$BACKSTAY_RESTORED_BY" 2>/dev/null || sync; } || return 1
	printf 'equal\n' >"$state/judged"
}
if judge; then echo true; else echo false; fi
