# PostgreSQL by template and rename: in maintenance, while nobody can connect, the server itself copies the database, file by
# file. Going back is two renames in one transaction. Sourced by the scripts beside it. All statements are sent to another
# database, the home; those that must fit the data are written by the server (\gexec), so that names are quoted in one place.
#
#   <db>__backstay_<run>    the copy, closed to everybody
#   <db>__failed_<run>      what the copy replaced, closed as well
#   <db>__earlier_<run>     a rollback's copy of what an earlier run had sealed
#   <db>__replaced_<run>    what that replaced
#
# A database keeps its OID when it is renamed, so the copy's OID tells whether a swap has happened.
#
# shellcheck shell=sh disable=SC2154,SC2034
set -eu
umask 077
. "$BACKSTAY_DIR/params"
. "$BACKSTAY_DB_DIR/params"
state=$BACKSTAY_DB_STATE
live=$BACKSTAY_DB_TARGET

. "$BACKSTAY_DIR/lib/engine.sh"

CLIENT=$(command -v psql) || say_failed "the target lacks psql: install postgresql-client there"
case $(readlink -f "$CLIENT") in
*/pg_wrapper) # Debian's takes twice as long as the newest version that it would choose
	for newest in /usr/lib/postgresql/[1-9][0-9]/bin/psql; do [ ! -x "$newest" ] || CLIENT=$newest; done
	;;
esac

run_name=$(run_word "$BACKSTAY_RUN")
shadow=$(name_of backstay "$run_name") failed=$(name_of failed "$run_name")
earlier=$(name_of earlier "$run_name") replaced=$(name_of replaced "$run_name")

# --- the server

# Whose account is used: the administrator's where one is declared, at the app's own address. Both are services of libpq.
account=$BACKSTAY_DB_CNF
if [ -n "$ADMIN" ]; then
	account=$BACKSTAY_SECRETS/$BACKSTAY_DB.admin.cnf
	case $ADMIN in \~/*) ADMIN=$HOME/${ADMIN#??} ;; esac
	if [ ! -f "$account" ]; then
		[ -r "$ADMIN" ] || say_failed "databases.$BACKSTAY_DB.admin: $ADMIN cannot be read"
		grep -q '^\[backstay\]' "$ADMIN" || say_failed "databases.$BACKSTAY_DB.admin: $ADMIN has no line [backstay]. It is a service file of libpq: below that line user=… and password=…, one a line"
		{
			awk '/^\[/ { ours = /^\[backstay\]/ } ours' "$ADMIN"
			grep -E '^(host|port|ssl[a-z]*)=' "$BACKSTAY_DB_CNF" || :
		} >"$account.new"
		mv "$account.new" "$account"
	fi
fi
unset PGPASSWORD PGPASSFILE PGOPTIONS PGDATABASE PGSERVICE
PGSERVICEFILE=$account PGCONNECT_TIMEOUT=10 PGCLIENTENCODING=UTF8
export PGSERVICEFILE PGCONNECT_TIMEOUT PGCLIENTENCODING
if [ -z "$ADMIN" ] && [ -f "$BACKSTAY_SECRETS/$BACKSTAY_DB.pgpass" ]; then
	PGPASSFILE=$BACKSTAY_SECRETS/$BACKSTAY_DB.pgpass
	export PGPASSFILE
fi
session="backstay $BACKSTAY_RUN"

# Statements from standard input in a database; rows come out as they are, columns divided by tabs. More arguments are psql's:
# sql shop -v to=other. The names above are variables of every statement.
sql() {
	database=$1
	shift
	cat "$BACKSTAY_DB_DIR/session.sql" - | "$CLIENT" -X -q -A -t -w -F '	' -v ON_ERROR_STOP=1 -v live="$live" -v shadow="$shadow" -v session="$session" "$@" \
		-d "$(conninfo_of "$database")"
}

conninfo_of() { printf '%s' "service=backstay dbname=$(conninfo_word "$1") application_name='$session'"; }

conninfo_word() { printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"; }

# The database that statements are sent to, since one that is connected to cannot be copied or renamed; what is only dumped can. Its
# first question is what scripts of this run have left running, in $state/sessions.
find_home() {
	homes="postgres template1"
	! is_dump || homes=
	for home in ${homes:-"$live"}; do
		[ -z "$homes" ] || [ "$home" != "$live" ] || continue
		! sessions own >"$state/sessions" 2>"$state/server" || return 0
	done
	return 1
}

# Once `await_server` or `find_home` has found it.
at_home() { sql "$home" "$@"; }

# One value: ask "SELECT …" [-v NAME=VALUE…]
ask() {
	question=$1
	shift
	printf '%s;\n' "$question" | at_home "$@"
}

# A file of statements beside this one: from_file settings -v of=shop
from_file() {
	file=$BACKSTAY_DB_DIR/$1.sql
	shift
	at_home "$@" <"$file"
}

# After a crash of the server it is there again in a moment, or a person is needed.
await_server() {
	tries=60
	until find_home; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || say_failed "the database server does not answer: $(tail -n 1 "$state/server")"
		sleep 1
	done
}

# Of a database: oid_of NAME, name_at OID.
oid_of() { ask "SELECT oid FROM pg_database WHERE datname = :'name'" -v name="$1"; }
name_at() { ask "SELECT datname FROM pg_database WHERE oid = :oid" -v oid="$1"; }

# --- databases of ours

# Before the first is made: only what stands in this list is ever dropped.
claim_names() {
	taken=$(ask "SELECT string_agg(datname, ', ') FROM pg_database WHERE datname IN (:'shadow', :'failed', :'earlier', :'replaced')" \
		-v failed="$failed" -v earlier="$earlier" -v replaced="$replaced")
	[ -z "$taken" ] || say_failed "there is a database already that this run has not made: drop or rename $taken"
	printf '%s\n' "$shadow" "$failed" "$earlier" "$replaced" >"$state/names"
	persist "$state/names" "$state"
}

# copy_database FROM TO: file by file, closed from its first moment. Also of a database that is closed itself.
copy_database() { by_force from_file copy -v from="$1" -v to="$2"; }

# What the server does only while nobody is connected: once more where somebody has slipped in. What it said is in $state/refused.
by_force() {
	attempts=3
	until "$@" 2>"$state/refused"; do
		attempts=$((attempts - 1))
		sessions all >"$state/sessions"
		[ "$attempts" -gt 0 ] && [ -s "$state/sessions" ] || return 1
		end_sessions all
	done
}

# drop_database NAME [RUN]: only one whose name the run has claimed.
drop_database() {
	grep -qxF "$1" "$BACKSTAY_PATH/.backstay/runs/${2:-$BACKSTAY_RUN}/state/db-$BACKSTAY_DB/names" 2>/dev/null || return 0
	ask 'DROP DATABASE IF EXISTS :"name"' -v name="$1"
}

# What the server keeps of a database outside of it, a line each: owner and options, privileges, comment, settings.
settings() { from_file settings -v of="$1"; }

# Gives one database what is kept of another outside of it.
like() { from_file like -v from="$1" -v to="$2"; }

# What the server has counted in the live database until now: what is counted later nobody of ours has written.
mark_writes() { count_writes >"$state/written.sealed" || rm -f "$state/written.sealed"; }
count_writes() { sql "$live" <"$BACKSTAY_DB_DIR/writes.sql"; }

. "$BACKSTAY_DB_DIR/dump-mode.sh"
. "$BACKSTAY_DB_DIR/fence.sh"
. "$BACKSTAY_DB_DIR/swap.sh"
