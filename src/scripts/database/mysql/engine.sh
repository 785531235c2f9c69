# MySQL and MariaDB by shadow and swap: a schema beside the live one holds a copy of every table, made by the server itself.
# Going back is one RENAME. Sourced by the scripts beside it; statements that must fit the data are written by the server
# (the files *.sql here select statements), so that names are quoted in one place and reflect the moment.
#
#   <db>__backstay_<run>    the copy; its table backstay_marker moves with it, so a swap can tell whether it has happened
#   <db>__failed_<run>      what the copy replaced, and the marker
#   <db>__earlier_<run>     a rollback's copy of what an earlier run had sealed
#   <db>__replaced_<run>    what that replaced
#
# Where that is not allowed: beside.sh.
#
# shellcheck shell=sh disable=SC2154,SC2034
set -eu
umask 077
. "$BACKSTAY_DIR/params"
. "$BACKSTAY_DB_DIR/params"
state=$BACKSTAY_DB_STATE
live=$BACKSTAY_DB_TARGET

. "$BACKSTAY_DIR/lib/engine.sh"

[ -n "$live" ] || say_failed "the name of the schema is not known any more: $state/target is empty"
CLIENT=$(command -v mariadb || command -v mysql) || say_failed "the target has neither mariadb nor mysql: install mariadb-client there"

# --- names

sql_name() { printf '`%s`' "$(printf %s "$1" | sed 's/`/``/g')"; }
sql_text() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g; s/\\\\/\\\\\\\\/g")"; }

OWN=
id=$(run_word "$BACKSTAY_RUN")
shadow=$(name_of backstay "$id") failed=$(name_of failed "$id") earlier=$(name_of earlier "$id") replaced=$(name_of replaced "$id")

# --- the server

# Whose account is used: the administrator's where one is declared, with the app's own address.
account=$BACKSTAY_DB_CNF
if [ -n "$ADMIN" ]; then
	account=$BACKSTAY_SECRETS/$BACKSTAY_DB.admin.cnf
	case $ADMIN in \~/*) ADMIN=$HOME/${ADMIN#??} ;; esac
	[ -r "$ADMIN" ] || say_failed "databases.$BACKSTAY_DB.admin: $ADMIN cannot be read"
	if [ ! -f "$account" ]; then
		{
			printf '[client]\n'
			grep -E '^(host|port|socket|protocol|ssl-ca)=' "$BACKSTAY_DB_CNF" || :
			printf '!include %s\n' "$ADMIN"
		} >"$account.new"
		mv "$account.new" "$account"
	fi
fi

# Statements from standard input; rows come out as they are, columns divided by tabs. Arguments: the schema, more options.
sql() { "$CLIENT" --defaults-file="$account" --default-character-set=utf8mb4 --batch --skip-column-names --raw "$@"; }

# The same with tab, newline, NUL and backslash in values escaped: one line a row.
sql_lines() { "$CLIENT" --defaults-file="$account" --default-character-set=utf8mb4 --batch --skip-column-names "$@"; }

# What every session of ours begins with: values are taken as they are, nothing waits long for a lock.
SESSION="SET SESSION time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, lock_wait_timeout = 10,
	innodb_lock_wait_timeout = 10, group_concat_max_len = 16777216, character_set_client = utf8mb4, net_read_timeout = 3600,
	net_write_timeout = 3600;
/*M! SET SESSION check_constraint_checks = 0 */;
/*!80000 SET SESSION information_schema_stats_expiry = 0 */;
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"

# Statements that the server writes: write_sql FILE FROM TO [WHAT [IN]], both schemas' names, which of several the file is to write,
# and the schema that it reads a table of.
write_sql() {
	{
		printf '%s\nSET @live = %s, @from = %s, @to = %s, @what = %s;\n' "$SESSION" "$(sql_text "$live")" "$(sql_text "$2")" "$(sql_text "$3")" "$(sql_text "${4-}")"
		cat "$BACKSTAY_DB_DIR/$1.sql"
	} | sql ${5+"$5"}
}

# Runs statements from standard input in a schema, the preamble first.
run_sql() { { printf '%s\n' "$SESSION" && cat; } | sql "$@"; }

# One value: ask "SELECT …" [SCHEMA]
ask() { printf '%s\n' "$1" | sql ${2:+"$2"}; }

# part FILE NAME: what the questions under a name in FILE.sql answer. @app is the app's user, also where an administrator asks.
part() {
	{
		printf 'SET @live = %s, @shadow = %s, @moment = %s;\n' "$(sql_text "$live")" "$(sql_text "$shadow")" "$(sql_text "${BACKSTAY_MOMENT-}")"
		printf "SET @app = %s;\n" "$(if [ -s "$state/app-user" ]; then sql_text "$(cat "$state/app-user")"; else printf "SUBSTRING_INDEX(USER(), '@', 1)"; fi)"
		sed -n "/^-- $2:/,/^-- [a-z-]*:/p" "$BACKSTAY_DB_DIR/$1.sql" | grep -v '^-- '
	} | sql
}

# Whether a question counts anything. One without an answer is no "no": it ends the script.
counts_any() {
	counted=$(ask "SELECT COUNT(*) FROM information_schema.$1") && [ -n "$counted" ] || say_failed 'the database server gave no answer'
	[ "$counted" != 0 ]
}

schema_is_there() { counts_any "SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1")"; }

table_is_there() { counts_any "TABLES WHERE TABLE_SCHEMA = $(sql_text "$1") AND TABLE_NAME = $(sql_text "$2")"; }

# A statement that changes the dictionary makes InnoDB write its log to the disk, whatever innodb_flush_log_at_trx_commit
# says; FLUSH would need a privilege that apps do not have.
flush_log() {
	printf '%s\n' 'DROP TABLE IF EXISTS backstay_flush;' 'CREATE TABLE backstay_flush (n INT) ENGINE = InnoDB;' 'DROP TABLE backstay_flush;' | sql "$1"
}

# After a crash of the server it is there again in a moment, or a person is needed.
await_server() {
	tries=60
	until ask 'SELECT 1' >"$state/server" 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || say_failed "the database server does not answer: $(tail -n 1 "$state/server")"
		sleep 1
	done
}

# drop_schema SCHEMA: only one that is ours: it has our marker, or nothing at all. No answer is not taken for one.
drop_schema() {
	whose=$(ask "SELECT CASE
		WHEN NOT EXISTS (SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1")) THEN 'gone'
		WHEN EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = $(sql_text "$1") AND TABLE_NAME = 'backstay_marker') THEN 'ours'
		WHEN EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = $(sql_text "$1")) THEN 'foreign'
		ELSE 'empty' END") || return 1
	case $whose in
	ours | empty) ;;
	gone) return 0 ;;
	foreign)
		printf '%s\n' "$1 has tables but no marker of ours: left alone" >&2
		return 0
		;;
	*) return 1 ;;
	esac
	write_sql drop-tables "$1" "$1" | run_sql "$1"
	printf 'DROP DATABASE IF EXISTS %s;\n' "$(sql_name "$1")" | sql
}

# --- several sessions at a time

SESSIONS=$(nproc 2>/dev/null || echo 2)
[ "$SESSIONS" -le 4 ] || SESSIONS=4
COPY_SESSIONS=${COPY_SESSIONS:-$SESSIONS}

# in_sessions FILE SCHEMA [SESSIONS]: a file of statements, one a line, dealt to several sessions; what they print goes to FILE.out.
# Every session must end well.
in_sessions() {
	rm -f "$1".part.* "$1".out.*
	awk -v n="${3:-$SESSIONS}" -v file="$1" '{ print > (file ".part." (NR - 1) % n) }' "$1"
	pids=
	for part in "$1".part.*; do
		[ -f "$part" ] || continue
		run_sql --skip-reconnect "$2" <"$part" >"$1.out.${part##*.}" 6>&- &
		pids="$pids $!"
	done
	went_well=yes
	for pid in $pids; do wait "$pid" || went_well=; done
	cat "$1".out.* >"$1.out" 2>/dev/null || :
	rm -f "$1".part.* "$1".out.*
	[ -n "$went_well" ]
}

. "$BACKSTAY_DB_DIR/definitions.sh"
. "$BACKSTAY_DB_DIR/tables.sh"
. "$BACKSTAY_DB_DIR/room.sh"
. "$BACKSTAY_DB_DIR/evidence.sh"
. "$BACKSTAY_DB_DIR/fence.sh"
. "$BACKSTAY_DB_DIR/swap.sh"
. "$BACKSTAY_DB_DIR/archive.sh"
. "$BACKSTAY_DB_DIR/beside.sh"
