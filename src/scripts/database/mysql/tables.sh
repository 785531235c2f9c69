# Copies of tables, and their comparison. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# copy_schema FROM TO: an empty schema TO becomes a copy of FROM's tables, and the same by its definitions.
copy_schema() {
	printf 'CREATE DATABASE %s %s;\n' "$(sql_name "$2")" "$(ask "SELECT CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME)
		FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1")")" | sql || return 1
	mark_as_ours "$2" || return 1
	write_sql make "$1" "$2" | run_sql "$2" || return 1
	definitions "$1" | awk -F '	' '$2 ~ /^CREATE /' | awk -f "$BACKSTAY_DB_DIR/keys.awk" | run_sql "$2" || return 1
	write_sql rows "$1" "$2" pieces "$2" >"$state/pieces.sql" || return 1
	in_sessions "$state/pieces.sql" "$2" || return 1
	write_sql rows "$1" "$2" copy "$2" >"$state/rows.sql" || return 1
	copy_rows "$2"
}

# Before anything is in a schema: what has no marker is never dropped. It says how large tables are divided, too.
mark_as_ours() {
	printf 'CREATE TABLE backstay_marker (run VARCHAR(64), of_table VARCHAR(512), n INT, piece TEXT CHARACTER SET utf8mb4, KEY (of_table)) ENGINE = InnoDB CHARACTER SET ascii;
INSERT INTO backstay_marker (run) VALUES (%s);\n' "$(sql_text "$BACKSTAY_RUN")" | sql "$1"
}

# The site works meanwhile: no more sessions than may be, and a pause after each statement that is so many times as long as it took.
# Two sessions that meet each other's rows in a unique key may end one of them (a deadlock): what it has left is then copied by one
# alone, if it can be repeated.
copy_rows() {
	awk -v pause="$COPY_PAUSE" '{
		after = pause > 0 ? " DO SLEEP(LEAST(60, " pause " * TIMESTAMPDIFF(MICROSECOND, @began, SYSDATE(6)) / 1000000));" : ""
		print (pause > 0 ? "SET @began = SYSDATE(6); " : "") $0 after " SELECT " NR ";"
	}' "$state/rows.sql" >"$state/copy.sql"
	! in_sessions "$state/copy.sql" "$1" "$COPY_SESSIONS" || return 0
	has_room || return 1
	awk 'NR == FNR { done[$1] = 1; next } !(FNR in done)' "$state/copy.sql.out" "$state/copy.sql" >"$state/copy-rest.sql"
	! grep -vE '^(SET @began = SYSDATE\(6\); )?INSERT IGNORE ' "$state/copy-rest.sql" >/dev/null || return 1
	in_sessions "$state/copy-rest.sql" "$1" 1
}

# compare FROM TO [ONLY]: sets TABLES, and DIFFERENT to a file with the names (hex) of tables that are not equal. ONLY is such a
# file: no others are looked at.
compare() {
	write_sql rows "$1" "$2" compare "$2" >"$state/compare.sql" || return 1
	if [ -n "${3-}" ]; then
		sed "s/.*/SELECT '&'/" "$3" | grep -F -f - "$state/compare.sql" >"$state/compare.only"
		mv "$state/compare.only" "$state/compare.sql"
	fi
	in_sessions "$state/compare.sql" "$2" || return 1
	[ "$(awk 'END { print NR }' "$state/compare.sql.out")" = "$(awk 'END { print NR }' "$state/compare.sql")" ] || return 1
	TABLES=$(cut -f 1 "$state/compare.sql.out" | sort -u | awk 'END { print NR }')
	DIFFERENT=$state/different
	# of a table in pieces each has to be equal
	awk -F '	' '($2 != $3 || $2 != $4) && !told[$1]++ { print $1 }' "$state/compare.sql.out" >"$DIFFERENT"
}

# The tables named (hex) in the file $1.
named_tables() {
	while IFS= read -r table; do ask "SELECT UNHEX('$table')"; done <"$1" | head -n 5 | tr '\n' ' '
}
