# SQLite through its own backup API: by the sqlite3 program, else by PHP. In place, in one transaction: inode, owner, mode and
# a -wal beside the file keep their meaning. Sourced by seal and restore.
# shellcheck shell=sh disable=SC2154
set -eu
umask 077
. "$BACKSTAY_DIR/params"
. "$BACKSTAY_DB_DIR/params"
copies=$BACKSTAY_PATH/.backstay/copies/$COPY_OF
copy=$copies/$BACKSTAY_DB.sqlite
failed=$copies/$BACKSTAY_DB.failed.sqlite

say_failed() {
	printf '%s\n' "$*" >&2
	exit 1
}

# backup FROM TO: a consistent copy of FROM's pages in TO, waiting up to 10 s for writers to end.
backup() {
	if command -v sqlite3 >/dev/null; then
		printf '.timeout 10000\n.backup %s\n' "$(sqlite_word "$2")" | sqlite3 -batch -bail "$1"
	else
		"$PHP" -r '$from = new SQLite3($argv[1]); $from->busyTimeout(10000); $to = new SQLite3($argv[2]); $to->busyTimeout(10000);
			exit($from->backup($to) ? 0 : 1);' "$1" "$2"
	fi
}

# restore_into FROM TO: the same, into a file that is in use.
restore_into() { backup "$1" "$2"; }

# A file name as the sqlite3 program reads it.
sqlite_word() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }

query() {
	if command -v sqlite3 >/dev/null; then
		sqlite3 -batch -bail -cmd '.timeout 10000' "$1" "$2"
	else
		"$PHP" -r '$db = new SQLite3($argv[1]); $db->busyTimeout(10000); $rows = $db->query($argv[2]);
			if ($rows === false) exit(1); while ($row = $rows->fetchArray(SQLITE3_NUM)) echo implode("|", $row), "\n";' "$1" "$2"
	fi
}

# Sound in itself, and its keys as sound as they were in the live file.
check_file() {
	[ "$(query "$1" 'PRAGMA integrity_check')" = ok ] || say_failed "$1 fails its integrity check"
}

# Everything that the file says, as one digest: its schema, settings and every row with the type of each value.
fingerprint() {
	query "$1" 'PRAGMA user_version; PRAGMA application_id; PRAGMA encoding;' >"$BACKSTAY_DB_STATE/settings"
	query "$1" "SELECT type, name, tbl_name, quote(sql) FROM sqlite_master ORDER BY 1, 2" >"$BACKSTAY_DB_STATE/schema"
	# One SELECT a table, made by the database itself so that names are quoted by it.
	query "$1" "SELECT 'SELECT ' || (SELECT group_concat('typeof(' || n || ')||quote(' || n || ')', '||char(10)||') FROM (SELECT '\"' || replace(c.name, '\"', '\"\"') || '\"' AS n FROM pragma_table_xinfo(m.name) c)) || ' FROM \"' || replace(m.name, '\"', '\"\"') || '\" ORDER BY 1;' FROM sqlite_master m WHERE type = 'table' AND (sql NOT LIKE 'CREATE VIRTUAL%') ORDER BY name" >"$BACKSTAY_DB_STATE/selects"
	: >"$BACKSTAY_DB_STATE/rows"
	while IFS= read -r select; do
		printf '%s\n' "$select" >>"$BACKSTAY_DB_STATE/rows"
		query "$1" "$select" >>"$BACKSTAY_DB_STATE/rows" || return 1
	done <"$BACKSTAY_DB_STATE/selects"
	cat "$BACKSTAY_DB_STATE/settings" "$BACKSTAY_DB_STATE/schema" "$BACKSTAY_DB_STATE/rows" >"$BACKSTAY_DB_STATE/all"
	FINGERPRINT=$(sha256sum "$BACKSTAY_DB_STATE/all")
	FINGERPRINT=${FINGERPRINT%% *}
	TABLES=$(grep -c . "$BACKSTAY_DB_STATE/selects" || :)
	rm -f "$BACKSTAY_DB_STATE/rows" "$BACKSTAY_DB_STATE/all"
}
