#!/bin/sh
# Retention: the copies of the newest committed runs stay; that of a run that was given back is of no more use. Failed states
# go when their time is over.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	[ "$BACKSTAY_DIRECTION" != rolled-back ] || rm -f "$copy"
	rm -f "$earlier"*
	# what a drill has broken nobody looks at afterwards
	[ -z "${DRILL-}" ] || rm -f "$failed"*
	if [ -f "$copy" ]; then printf '%s\n' "$copy" >"$BACKSTAY_DB_STATE/kept"; fi
	[ -d "$copies" ] || return 0
	kept=0
	for run in $(newest_first); do
		old=$copies/$run/$BACKSTAY_DB.sqlite
		if [ -f "$old" ]; then
			kept=$((kept + 1))
			[ "$kept" -le "$KEEP_COPIES" ] || rm -f "$old" "$BACKSTAY_PATH/.backstay/runs/$run/state/db-$BACKSTAY_DB/kept"
		fi
		find "$copies/$run" -name "$BACKSTAY_DB.failed.sqlite" -mmin "+$KEEP_FAILED_MIN" -exec rm -f {} +
		rmdir "$copies/$run" 2>/dev/null || :
	done
}

# A run's id begins with its time.
newest_first() {
	for run in "$copies"/*/; do
		run=${run%/}
		[ ! -d "$run" ] || printf '%s\n' "${run##*/}"
	done | sort -r
}

main
