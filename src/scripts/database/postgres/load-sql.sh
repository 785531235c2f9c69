#!/bin/sh
# A database beside the live one out of statements from standard input, with the privileges and settings of the live one. The runner has
# sent none that lead to another database.
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DB_DIR/dumps.sh"

main() {
	await_server </dev/null
	recorded=$state/settings.live
	settings "$live" </dev/null >"$recorded"
	make_earlier "$recorded" </dev/null
	trap drop_half EXIT
	# as a client of the app's has it, not as ours
	{ printf 'RESET ALL;\n' && cat; } | sql "$earlier" >/dev/null 2>"$state/refused" || {
		tail -n 5 "$state/refused" | cut -b 1-400 >&2
		say_failed "the statements could not be carried out, nothing was kept of them: $(grep -m 1 'ERROR: ' "$state/refused" | sed 's/^.*ERROR: *//' | cut -b 1-300)"
	}
	like "$live" "$earlier" </dev/null
	sql "$earlier" <"$BACKSTAY_DB_DIR/counts.sql" >"$state/counts"
	keep_loaded
	trap - EXIT
	say "$earlier: $(awk 'END { print NR - 1 }' "$state/counts") tables made by the statements"
}

main
