#!/bin/sh
# A schema beside the live one out of statements from standard input. The runner has sent none that lead to another schema, and the client
# takes no commands of its own. What stands beside the tables is written down and taken away again: tables with triggers cannot be swapped.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	{
		await_server
		find_mode
		[ "$MODE" != dump ] || say_failed "statements are carried out in a schema of their own, and there is none here beside $live (protect: dump): backstay plan --probe has the GRANT for it"
		drop_schema "$earlier"
		trap 'drop_schema "$earlier" </dev/null || :' EXIT
		make_schema
	} </dev/null
	"$CLIENT" --defaults-file="$account" --default-character-set=utf8mb4 --binary-mode --skip-reconnect --max-allowed-packet=1073741824 "$earlier" >/dev/null 2>"$state/refused" || {
		tail -n 5 "$state/refused" | cut -b 1-400 >&2
		say_failed "the statements could not be carried out, nothing was kept of them: $(grep -m 1 '^ERROR' "$state/refused" | cut -b 1-300)"
	}
	table_is_there "$earlier" backstay_marker || say_failed "the statements have removed what tells that $earlier is ours"
	keep_loaded
	trap - EXIT
	say "$(grep -vc '^schema	' "$BACKSTAY_DB_EARLIER/programs/definitions") tables made by the statements"
}

make_schema() {
	printf 'CREATE DATABASE %s %s;\n' "$(sql_name "$earlier")" "$(ask "SELECT CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME)
		FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$live")")" | sql
	mark_as_ours "$earlier"
}

# What `restore-of` brings back beside the tables, as if it had been read from the live schema.
keep_loaded() {
	kept=$BACKSTAY_DB_EARLIER/programs
	mkdir -p "$kept" "$state/loaded.programs"
	(
		name=$live live=$earlier
		programs "$state/loaded.programs" || exit 1
		definitions "$earlier" >"$kept/definitions" || exit 1
		for file in triggers.sql routines.sql; do
			of_schema "$earlier" "$name" <"$state/loaded.programs/$file" >"$kept/$file" || exit 1
		done
		cp "$state/loaded.programs/views" "$kept/views"
	) || say_failed "triggers, routines or views of what was loaded could not be read"
	write_sql drop-triggers "$earlier" "$earlier" | sql "$earlier"
	write_sql drop-routines "$earlier" "$earlier" | sql "$earlier"
	cut -f 1 "$kept/views" | unescaped | sed 's/`/``/g; s/.*/DROP VIEW IF EXISTS `&`;/' | sql "$earlier"
	: >"$BACKSTAY_DB_EARLIER/sealed"
	persist "$kept"/* "$BACKSTAY_DB_EARLIER/sealed" "$kept" "$BACKSTAY_DB_EARLIER"
}

main
