# SQLite through its own backup API: by the sqlite3 program, else by PHP. In place, in one transaction: inode, owner, mode and
# a -wal beside the file keep their meaning. Sourced by the scripts beside it.
# shellcheck shell=sh disable=SC2154
set -eu
umask 077
. "$BACKSTAY_DIR/params"
. "$BACKSTAY_DB_DIR/params"
case $BACKSTAY_DB_TARGET in
/*) db_file=$BACKSTAY_DB_TARGET ;;
*) db_file=$BACKSTAY_PATH/$BACKSTAY_DB_TARGET ;;
esac
copies=$BACKSTAY_PATH/.backstay/copies
copy=$copies/$COPY_OF/$BACKSTAY_DB.sqlite
failed=$copies/$COPY_OF/$BACKSTAY_DB.failed.sqlite
earlier=$copies/$COPY_OF/$BACKSTAY_DB.earlier.sqlite

say_failed() {
	printf '%s\n' "$*" >&2
	exit 1
}

# backup FROM TO [FIRST]: a consistent copy of FROM's pages in TO, waiting up to 10 s for others to end their transactions. TO may be
# in use: it is written in one transaction of its own. FIRST is a statement before it, in the connection that FROM is read by.
backup() {
	if command -v sqlite3 >/dev/null; then
		printf '.timeout 10000\n%s\n.backup %s\n' "${3-}" "$(sqlite_word "$2")" | sqlite3 -batch -bail "$1" >/dev/null
	else
		"$PHP" -r '$from = new SQLite3($argv[1]); $from->busyTimeout(10000); $to = new SQLite3($argv[2]); $to->busyTimeout(10000);
			if ($argv[3] !== "") foreach (explode(";", $argv[3]) as $first) if (trim($first) !== "") $from->querySingle($first);
			exit($from->backup($to) ? 0 : 1);' "$1" "$2" "${3-}"
	fi
}

# A file name as the sqlite3 program reads it.
sqlite_word() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }

# query FILE: statements from standard input, one a line; columns are divided by `|`.
query() {
	if command -v sqlite3 >/dev/null; then
		sqlite3 -batch -bail -cmd '.timeout 10000' "$1"
	else
		"$PHP" -r '$db = new SQLite3($argv[1]); $db->busyTimeout(10000); $db->enableExceptions(true);
			while (($sql = fgets(STDIN)) !== false) { $rows = $db->query($sql);
				while ($row = $rows->fetchArray(SQLITE3_NUM)) echo implode("|", $row), "\n"; }' "$1"
	fi
}

check_file() {
	[ "$(printf '%s\n' 'PRAGMA integrity_check;' | query "$1")" = ok ] || say_failed "$1 fails its integrity check"
}

# One SELECT for each table, made by the database itself so that it quotes the names. Text is taken as bytes, since
# quote() would end at a NUL; other values as their exact literals.
SELECTS=$(
	cat <<'SQL'
SELECT 'SELECT ' || (SELECT group_concat('typeof(' || n || ')||CASE typeof(' || n || ') WHEN ''text'' THEN hex(CAST(' || n || ' AS BLOB)) ELSE quote(' || n || ') END', '||char(9)||') FROM (SELECT '"' || replace(name, '"', '""') || '"' AS n FROM pragma_table_xinfo(m.name))) || ' FROM "' || replace(name, '"', '""') || '" ORDER BY 1;' FROM sqlite_master m WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name;
SQL
)

# Everything that the file says, as one digest: settings, schema, and every row with the type of each value.
fingerprint() {
	work=$BACKSTAY_DB_STATE/work
	rm -rf "$work"
	mkdir "$work"
	printf '%s\n' 'PRAGMA user_version;' 'PRAGMA application_id;' 'PRAGMA encoding;' \
		'SELECT type, name, tbl_name, quote(sql) FROM sqlite_master ORDER BY 1, 2;' | query "$1" >"$work/all" || return 1
	printf '%s\n' "$SELECTS" | query "$1" >"$work/selects" || return 1
	TABLES=$(grep -c . "$work/selects" || :)
	while IFS= read -r select; do printf "SELECT '%s';\n%s\n" "$(printf %s "$select" | cksum)" "$select"; done <"$work/selects" >"$work/marked"
	query "$1" <"$work/marked" >>"$work/all" || return 1
	FINGERPRINT=$(sha256sum "$work/all")
	FINGERPRINT=${FINGERPRINT%% *}
	rm -rf "$work"
}

# counts FILE: `NAME TAB ROWS` of each table, the names escaped as a manifest has them.
counts() {
	printf '%s\n' "$COUNTS" | query "$1" >"$BACKSTAY_DB_STATE/counting" && query "$1" <"$BACKSTAY_DB_STATE/counting"
}

COUNTS=$(
	cat <<'SQL'
SELECT 'SELECT ''' || replace(replace(replace(replace(name, '\', '\\'), char(9), '\t'), char(10), '\n'), '''', '''''') || ''' || char(9) || count(*) FROM "' || replace(name, '"', '""') || '";' FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name;
SQL
)

# What was loaded into $earlier.part stands at its place, and what `restore-of` has to know of it in BACKSTAY_DB_EARLIER.
keep_loaded() {
	mkdir -p "$BACKSTAY_DB_EARLIER"
	printf '%s\n' "$FINGERPRINT" >"$BACKSTAY_DB_EARLIER/fingerprint"
	printf '%s\n' "$earlier" >"$BACKSTAY_DB_EARLIER/file"
	: >"$BACKSTAY_DB_EARLIER/sealed"
	mv "$earlier.part" "$earlier"
	sync "$earlier" "${earlier%/*}" "$BACKSTAY_DB_EARLIER"/* "$BACKSTAY_DB_EARLIER" 2>/dev/null || sync
}

# bring_back COPY FINGERPRINT: into the live file, in one transaction, compared afterwards. Repeating it is harmless.
bring_back() {
	[ -s "$1" ] && fingerprint "$1" && [ "$FINGERPRINT" = "$2" ] || say_failed "the sealed copy $1 is missing or has changed; $db_file was not touched"
	fingerprint "$db_file" 2>/dev/null || FINGERPRINT=unreadable
	if [ "$FINGERPRINT" != "$2" ]; then
		keep_failed
		backup "$1" "$db_file" || say_failed "$db_file could not be written: another process may hold it locked (fuser -v $db_file)"
		fingerprint "$db_file"
		[ "$FINGERPRINT" = "$2" ] || say_failed "$db_file is not equal to the sealed copy after the restore"
	fi
	check_file "$db_file"
	sync "$db_file" 2>/dev/null || sync
}

# What is replaced is kept for the post-mortem, as far as that goes.
keep_failed() {
	[ ! -e "$failed" ] || return 0
	mkdir -p "${failed%/*}"
	if backup "$db_file" "$failed.part" 2>/dev/null; then mv "$failed.part" "$failed"; else rm -f "$failed.part"; fi
}
