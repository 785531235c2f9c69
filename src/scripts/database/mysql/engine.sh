# MySQL and MariaDB by shadow and swap: a schema beside the live one holds a copy of every table, made by the server itself.
# Going back is one RENAME. Sourced by the scripts beside it; statements that must fit the data are written by the server
# (the files *.sql here select statements), so that names are quoted in one place and reflect the moment.
#
#   <db>__backstay_<run>    the copy; its table backstay_marker moves with it, so a swap can tell whether it has happened
#   <db>__failed_<run>      what the copy replaced, and the marker
#   <db>__earlier_<run>     a rollback's copy of what an earlier run had sealed
#   <db>__replaced_<run>    what that replaced
#
# shellcheck shell=sh disable=SC2154,SC2034
set -eu
umask 077
. "$BACKSTAY_DIR/params"
. "$BACKSTAY_DB_DIR/params"
state=$BACKSTAY_DB_STATE
live=$BACKSTAY_DB_TARGET

say_failed() {
	printf '%s\n' "$*" >&2
	exit 1
}

say() { printf '%s\n' "$*" >"$state/note"; }

CLIENT=$(command -v mariadb || command -v mysql) || say_failed "the target has neither mariadb nor mysql: install mariadb-client there"

# --- names

# A schema of ours for a run: schema_of backstay 20261123t101500z_3f2a1c9. MySQL's names hold 64 characters.
schema_of() { printf '%s__%s_%s' "$(short_name)" "$1" "$2"; }

short_name() {
	if [ "${#live}" -le 24 ]; then
		printf %s "$live"
	else
		hash=$(printf %s "$live" | cksum)
		printf '%.15s_%08x' "$live" "${hash%% *}"
	fi
}

# A run's id as it stands in names.
schema_id() { printf %s "$1" | tr 'A-Z-' 'a-z_'; }

sql_name() { printf '`%s`' "$(printf %s "$1" | sed 's/`/``/g')"; }
sql_text() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g; s/\\\\/\\\\\\\\/g")"; }

id=$(schema_id "$BACKSTAY_RUN")
shadow=$(schema_of backstay "$id") failed=$(schema_of failed "$id") earlier=$(schema_of earlier "$id") replaced=$(schema_of replaced "$id")

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

# Statements that the server writes: write_sql FILE FROM TO, both schemas' names.
write_sql() {
	{
		printf '%s\nSET @live = %s, @from = %s, @to = %s;\n' "$SESSION" "$(sql_text "$live")" "$(sql_text "$2")" "$(sql_text "$3")"
		cat "$BACKSTAY_DB_DIR/$1.sql"
	} | sql
}

# Runs statements from standard input in a schema, the preamble first.
run_sql() { { printf '%s\n' "$SESSION" && cat; } | sql "$@"; }

# One value: ask "SELECT …" [SCHEMA]
ask() { printf '%s\n' "$1" | sql ${2:+"$2"}; }

schema_is_there() { [ -n "$(ask "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1")")" ]; }

table_is_there() {
	[ -n "$(ask "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = $(sql_text "$1") AND TABLE_NAME = $(sql_text "$2")")" ]
}

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

persist() { sync "$@" 2>/dev/null || sync; }

# drop_schema SCHEMA: only one that is ours: it has our marker, or nothing at all.
drop_schema() {
	schema_is_there "$1" || return 0
	table_is_there "$1" backstay_marker || [ -z "$(ask "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = $(sql_text "$1") LIMIT 1")" ] || {
		printf '%s\n' "$1 has tables but no marker of ours: left alone" >&2
		return 0
	}
	write_sql drop-tables "$1" "$1" | run_sql "$1"
	printf 'DROP DATABASE IF EXISTS %s;\n' "$(sql_name "$1")" | sql
}

# --- several sessions at a time

SESSIONS=$(nproc 2>/dev/null || echo 2)
[ "$SESSIONS" -le 4 ] || SESSIONS=4

# in_sessions FILE SCHEMA: a file of statements, one a line, dealt to several sessions; what they print goes to FILE.out.
# Every session must end well.
in_sessions() {
	rm -f "$1".part.* "$1".out.*
	awk -v n="$SESSIONS" -v file="$1" '{ print > (file ".part." (NR - 1) % n) }' "$1"
	pids=
	for part in "$1".part.*; do
		[ -f "$part" ] || continue
		run_sql "$2" <"$part" >"$1.out.${part##*.}" 6>&- &
		pids="$pids $!"
	done
	went_well=yes
	for pid in $pids; do wait "$pid" || went_well=; done
	cat "$1".out.* >"$1.out" 2>/dev/null || :
	rm -f "$1".part.* "$1".out.*
	[ -n "$went_well" ]
}

# --- definitions

# definitions SCHEMA: every table's SHOW CREATE TABLE, a line each, and the schema's own defaults.
definitions() {
	sql_lines <<-SQL
		SELECT 'schema', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1");
	SQL
	write_sql show "$1" "$1" | sql_lines "$1"
}

# Without the counters, which move all the time.
without_counters() { sed 's/ AUTO_INCREMENT=[0-9]*//' "$1"; }

# copy_schema FROM TO: an empty schema TO becomes a copy of FROM's tables, and the same by its definitions.
copy_schema() {
	printf 'CREATE DATABASE %s %s;\n' "$(sql_name "$2")" "$(ask "SELECT CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME)
		FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1")")" | sql || return 1
	# ours, before anything is in it: what has no marker is never dropped
	printf 'CREATE TABLE backstay_marker (run VARCHAR(64) NOT NULL) ENGINE = InnoDB;\nINSERT INTO backstay_marker VALUES (%s);\n' "$(sql_text "$BACKSTAY_RUN")" | sql "$2" || return 1
	write_sql make "$1" "$2" | run_sql "$2" || return 1
	definitions "$1" | grep -v '^schema	' | awk -f "$BACKSTAY_DB_DIR/keys.awk" | run_sql "$2" || return 1
	write_sql copy "$1" "$2" >"$state/copy.sql" || return 1
	in_sessions "$state/copy.sql" "$2"
}

# compare FROM TO [ONLY]: sets TABLES, and DIFFERENT to a file with the names (hex) of tables that are not equal. ONLY is such a
# file: no others are looked at.
compare() {
	write_sql compare "$1" "$2" >"$state/compare.sql" || return 1
	if [ -n "${3-}" ]; then
		sed "s/.*/SELECT '&'/" "$3" | grep -F -f - "$state/compare.sql" >"$state/compare.only"
		mv "$state/compare.only" "$state/compare.sql"
	fi
	in_sessions "$state/compare.sql" "$2" || return 1
	TABLES=$(awk 'END { print NR }' "$state/compare.sql")
	[ "$(awk 'END { print NR }' "$state/compare.sql.out")" = "$TABLES" ] || return 1
	DIFFERENT=$state/different
	awk -F '	' '$3 != 0 || $2 != $4 { print $1 }' "$state/compare.sql.out" >"$DIFFERENT"
}

# The tables named (hex) in the file $1.
named_tables() {
	while IFS= read -r table; do ask "SELECT UNHEX('$table')"; done <"$1" | head -n 5 | tr '\n' ' '
}

# programs DIR: what stands beside the tables, as files in DIR that bring it back: triggers, routines and events, views.
programs() {
	dump --triggers >"$1/triggers.sql" || return 1
	dump --skip-triggers --routines --events >"$1/routines.sql" || return 1
	views >"$1/views" || return 1
	[ "$(awk 'END { print NR }' "$1/views")" = "$(write_sql show-views "$live" "$live" | awk 'END { print NR }')" ] || {
		printf '%s\n' "a view of $live cannot be read: the account needs SHOW VIEW there" >&2
		return 1
	}
}

dump() {
	program=$(command -v mariadb-dump || command -v mysqldump) || say_failed "the target lacks mariadb-dump: install mariadb-client there"
	case $("$program" --version) in
	*MariaDB*) ;;
	*) set -- "$@" --set-gtid-purged=OFF --no-tablespaces ;;
	esac
	"$program" --defaults-file="$account" --default-character-set=utf8mb4 --no-data --no-create-info --skip-comments --skip-lock-tables --skip-dump-date "$@" "$live"
}

# Each view as `name TAB statement`, escaped.
views() { write_sql show-views "$live" "$live" | sql_lines --force "$live" 2>/dev/null | cut -f 1,2; }

# Values of the client's batch output as they were, each with what is given after it.
unescaped() {
	awk -v end="${1-}" '{
		line = $0; text = ""
		while ((at = index(line, "\\")) > 0) {
			next_one = substr(line, at + 1, 1)
			if (next_one == "n") c = "\n"; else if (next_one == "t") c = "\t"; else if (next_one == "0") c = ""; else c = next_one
			text = text substr(line, 1, at - 1) c
			line = substr(line, at + 2)
		}
		print text line end
	}'
}

# --- the fence

# Sessions on the live schema and our own on its copies: id, account, state, statement; one a line. With an administrator's
# account those of the app wherever they are.
sessions() {
	of_app="FALSE"
	[ "$FENCE" != exclusive ] || of_app="USER = $(sql_text "$(cat "$state/app-user")")"
	ask "SELECT ID, CONCAT(USER, '@', HOST), COMMAND, COALESCE(LEFT(REPLACE(REPLACE(INFO, '\n', ' '), '\t', ' '), 80), '') FROM information_schema.PROCESSLIST
		WHERE ID <> CONNECTION_ID() AND COMMAND NOT IN ('Daemon', 'Killed') AND USER NOT IN ('system user', 'event_scheduler')
		AND (DB IN ($(sql_text "$live"), $(sql_text "$shadow"), $(sql_text "$earlier")) OR $of_app)"
}

# What the fence is worth: exclusive when the administrator's account sees all sessions, may end them, and may lock the app
# out without locking itself out.
find_fence() {
	FENCE=cooperative
	[ ! -f "$state/fence" ] || {
		FENCE=$(cat "$state/fence")
		return 0
	}
	if [ -n "$ADMIN" ]; then
		"$CLIENT" --defaults-file="$BACKSTAY_DB_CNF" --batch --skip-column-names --raw <"$BACKSTAY_DB_DIR/who.sql" >"$state/who"
		sed -n 1p "$state/who" >"$state/app-user"
		sed -n 2p "$state/who" >"$state/app-account"
		mine=$(sql <"$BACKSTAY_DB_DIR/who.sql" | sed -n 2p)
		if [ "$mine" != "$(cat "$state/app-account")" ] && [ "$(ask "$(cat "$BACKSTAY_DB_DIR/may-fence.sql")")" = yes ]; then FENCE=exclusive; fi
	fi
	printf '%s\n' "$FENCE" >"$state/fence"
}

# Nobody else gets in, as far as that can be: closed again and again is harmless.
close_fence() {
	find_fence
	[ "$FENCE" = exclusive ] || return 0
	: >"$state/locked-out"
	persist "$state/locked-out"
	printf 'ALTER USER %s ACCOUNT LOCK;\n' "$(cat "$state/app-account")" | sql
}

open_fence() {
	[ -e "$state/locked-out" ] || return 0
	printf 'ALTER USER %s ACCOUNT UNLOCK;\n' "$(cat "$state/app-account")" | sql
	rm -f "$state/locked-out"
}

# Ends the sessions and waits until none is left. KILL only sets a flag that a copying ALTER looks at now and then. Without an
# administrator idle sessions that stay for two seconds are of accounts that we may not end: they hold no lock, or the RENAME
# says so.
end_sessions() {
	tries=600
	while :; do
		sessions >"$state/sessions"
		[ -s "$state/sessions" ] || return 0
		awk -F '	' '{ print "KILL " $1 ";" }' "$state/sessions" | sql --force 2>/dev/null || :
		[ "$FENCE" = exclusive ] || [ "$tries" -gt 590 ] || ! awk -F '	' '$3 != "Sleep" { exit 1 }' "$state/sessions" || return 0
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || say_failed "sessions on $live cannot be ended: $(named_sessions)"
		sleep 0.2 2>/dev/null || sleep 1
	done
}

named_sessions() { awk -F '	' '{ printf "%s%s of %s: %s", (NR > 1 ? "; " : ""), $1, $2, ($4 == "" ? $3 : $4) }' "$state/sessions" | cut -b 1-300; }

# --- the swap

# The one statement that swaps: swap FROM AWAY. Live tables go to AWAY, those of FROM become live, and FROM's marker goes to
# AWAY with them. Has it happened? AWAY has the marker. Then what stands beside the tables comes back from PROGRAMS, a folder as
# `programs` writes it, and everything is compared with PROGRAMS/definitions.
swap() {
	from=$1 away=$2 programs=$3
	await_server
	close_fence
	end_sessions
	if ! table_is_there "$away" backstay_marker; then
		table_is_there "$from" backstay_marker || say_failed "the copy $from is not whole any more: $live was not touched"
		printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(sql_name "$away")" | sql
		write_sql drop-triggers "$live" "$live" | sql "$live"
		write_sql drop-views-in-the-way "$live" "$from" | sql "$live"
		write_sql rename "$from" "$away" >"$state/rename.sql"
		sed '1s/^,/RENAME TABLE/' "$state/rename.sql" | run_sql || {
			sessions >"$state/sessions"
			say_failed "$live could not be swapped with its copy; other sessions: $(named_sessions)"
		}
	fi
	# whose parent the migration has dropped would now point into the live schema
	write_sql drop-keys "$away" "$away" | run_sql "$away"
	crossing=$(write_sql crossing-keys "$live" "$away")
	[ -z "$crossing" ] || say_failed "after the swap foreign keys cross schemas: $crossing"
	bring_programs
	compare_definitions
	flush_log "$away"
}

bring_programs() {
	# the schema's defaults are what a table made later would get
	awk -F '	' -v name="$(sql_name "$live")" '$1 == "schema" { print "ALTER DATABASE " name " CHARACTER SET " $2 " COLLATE " $3 ";" }' "$programs/definitions" | sql
	write_sql drop-triggers "$live" "$live" | sql "$live"
	sql "$live" <"$programs/triggers.sql"
	dump --skip-triggers --routines --events >"$state/routines.now"
	cmp -s "$programs/routines.sql" "$state/routines.now" || {
		write_sql drop-routines "$live" "$live" | sql "$live"
		sql "$live" <"$programs/routines.sql"
	}
	bring_views
}

# Views that are new go; those that are gone or changed are made again, in as many rounds as they lean on each other. One that
# was invalid before cannot be made again by anyone: it is told.
bring_views() {
	views >"$state/views.now"
	{ grep -vxF -f "$programs/views" "$state/views.now" || :; } | cut -f 1 | unescaped | sed 's/`/``/g; s/.*/DROP VIEW IF EXISTS `&`;/' | sql "$live"
	before=
	while :; do
		views >"$state/views.now"
		grep -vxF -f "$state/views.now" "$programs/views" >"$state/views.missing" || :
		missing=$(wc -l <"$state/views.missing")
		[ "$missing" -gt 0 ] && [ "$missing" != "$before" ] || break
		before=$missing
		cut -f 2 "$state/views.missing" | unescaped ';' | sql --force "$live" 2>"$state/views.err" || :
	done
	[ "$missing" -eq 0 ] || printf 'warning a view that was invalid before the run is gone: %s\n' "$(cut -f 1 "$state/views.missing" | tr '\n' ' ')" >>"$state/facts"
}

compare_definitions() {
	definitions "$live" >"$state/definitions.now"
	cmp -s "$programs/definitions" "$state/definitions.now" || {
		diff "$programs/definitions" "$state/definitions.now" | cut -b 1-500 >&2 || :
		say_failed "$live was swapped, but its definitions are not those from before"
	}
	dump --triggers >"$state/triggers.now"
	cmp -s "$programs/triggers.sql" "$state/triggers.now" || say_failed "$live was swapped, but its triggers are not those from before"
	dump --skip-triggers --routines --events >"$state/routines.now"
	cmp -s "$programs/routines.sql" "$state/routines.now" || say_failed "$live was swapped, but its routines and events are not those from before"
}
