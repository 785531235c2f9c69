#!/bin/sh
# Who works on the live data once they are sealed, a line each in $state/leaks. Sessions are seen as they are at this moment: with an
# administrator's account all of them, and transactions that have written; else the app's own alone. What was written before the
# migration the server's counters show, where it keeps them.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	find_fence
	: >"$state/leaks.new"
	case $BACKSTAY_MOMENT in
	hooked) mark_writes ;;
	sealed)
		at_work
		written_since >>"$state/leaks.new"
		;;
	*) at_work ;;
	esac
	mv "$state/leaks.new" "$state/leaks"
}

at_work() {
	raw=$BACKSTAY_SECRETS/$BACKSTAY_DB.at-work
	part leaks sessions >"$raw"
	[ "$FENCE" != exclusive ] || part leaks transactions >>"$raw"
	without_literals "'\"" <"$raw" | awk -F '	' '!seen[$1]++ { printf "session %s of %s: %s\n", $1, $2, ($4 == "" ? $3 : $4) }' >>"$state/leaks.new"
	rm -f "$raw"
}

# The tables whose counter has grown since the seal, or since a hook.
written_since() {
	[ -s "$evidence/sealed" ] || return 0
	part evidence writes >"$evidence/later"
	awk -F '	' 'NR == FNR { wrote[$1] = $2; next } $2 > wrote[$1] + 0 { print $1 }' "$evidence/sealed" "$evidence/later" >"$evidence/written"
	[ -s "$evidence/written" ] || return 0
	printf 'rows were written to %s\n' "$(named_tables "$evidence/written")"
}

main
