# Copies of tables, and their comparison. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# copy_schema FROM TO: an empty schema TO becomes a copy of FROM's tables, and the same by its definitions.
copy_schema() {
	printf 'CREATE DATABASE %s %s;\n' "$(sql_name "$2")" "$(ask "SELECT CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME)
		FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1")")" | sql || return 1
	# ours, before anything is in it: what has no marker is never dropped
	printf 'CREATE TABLE backstay_marker (run VARCHAR(64) NOT NULL) ENGINE = InnoDB;\nINSERT INTO backstay_marker VALUES (%s);\n' "$(sql_text "$BACKSTAY_RUN")" | sql "$2" || return 1
	write_sql make "$1" "$2" | run_sql "$2" || return 1
	definitions "$1" | awk -F '	' '$2 ~ /^CREATE /' | awk -f "$BACKSTAY_DB_DIR/keys.awk" | run_sql "$2" || return 1
	write_sql rows "$1" "$2" copy >"$state/copy.sql" || return 1
	in_sessions "$state/copy.sql" "$2"
}

# compare FROM TO [ONLY]: sets TABLES, and DIFFERENT to a file with the names (hex) of tables that are not equal. ONLY is such a
# file: no others are looked at.
compare() {
	write_sql rows "$1" "$2" compare >"$state/compare.sql" || return 1
	if [ -n "${3-}" ]; then
		sed "s/.*/SELECT '&'/" "$3" | grep -F -f - "$state/compare.sql" >"$state/compare.only"
		mv "$state/compare.only" "$state/compare.sql"
	fi
	in_sessions "$state/compare.sql" "$2" || return 1
	TABLES=$(awk 'END { print NR }' "$state/compare.sql")
	[ "$(awk 'END { print NR }' "$state/compare.sql.out")" = "$TABLES" ] || return 1
	DIFFERENT=$state/different
	awk -F '	' '$2 != $3 || $2 != $4 { print $1 }' "$state/compare.sql.out" >"$DIFFERENT"
}

# The tables named (hex) in the file $1.
named_tables() {
	while IFS= read -r table; do ask "SELECT UNHEX('$table')"; done <"$1" | head -n 5 | tr '\n' ' '
}
