#!/bin/sh
# Who works on the live database once it is sealed and open again, a line each in $state/leaks. Other roles by their sessions, of the
# app's own those in a transaction that has written; and until the migration begins, what the server has counted.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	: >"$state/leaks.new"
	case $BACKSTAY_MOMENT in
	hooked) mark_writes ;;
	sealed)
		at_work
		written_since
		;;
	*) at_work ;;
	esac
	mv "$state/leaks.new" "$state/leaks"
}

at_work() {
	await_server
	raw=$BACKSTAY_SECRETS/$BACKSTAY_DB.at-work
	from_file leaks -v moment="$BACKSTAY_MOMENT" -v app="$(sed -n 's/^user=//p' "$BACKSTAY_DB_CNF" | tail -n 1)" >"$raw"
	without_literals "'" <"$raw" | awk -F '	' '{ printf "process %s of %s: %s\n", $1, $2, ($4 == "" ? $3 : $4) }' >>"$state/leaks.new"
	rm -f "$raw"
}

# The tables whose counters have grown since the seal, or since a hook.
written_since() {
	[ -e "$state/written.sealed" ] || return 0
	count_writes >"$state/written.now" || return 0
	awk -F '	' 'NR == FNR { wrote[$1] = $2; next } $2 > wrote[$1] + 0 { names = names " " $3 } END { if (names != "") print "rows were written to" names }' \
		"$state/written.sealed" "$state/written.now" >>"$state/leaks.new"
}

main
