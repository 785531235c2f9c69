# How things are defined: tables, and what stands beside them. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# definitions SCHEMA: every table's SHOW CREATE TABLE, a line each, and the schema's own defaults.
definitions() {
	sql_lines <<-SQL
		SELECT 'schema', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = $(sql_text "$1");
	SQL
	write_sql show "$1" "$1" "${OWN-}" | sql_lines "$1"
}

# of_schema FROM TO: what mariadb-dump has written of the schema FROM, for TO. It names it only where it sets its defaults.
of_schema() { sed "s/ALTER DATABASE $(sql_name "$1" | sed 's/[][\\.*^$/]/\\&/g') /ALTER DATABASE $(sql_name "$2" | sed 's/[\\&/]/\\&/g') /"; }

# Without the counters, which move all the time.
without_counters() { sed 's/ AUTO_INCREMENT=[0-9]*//' "$1"; }

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

# Each view as `name TAB statement TAB character set TAB collation`, escaped. Those two are what its maker's session had.
views() { write_sql show-views "$live" "$live" | sql_lines --force "$live" 2>/dev/null; }

# make_views FILE: statements for lines of `views`. A text that is prepared is converted to the session's character set, one
# that is sent is taken to be in it already.
make_views() {
	sed "s/'/''/g" "$1" | awk -F '	' '{
		print "SET @mode = @@SESSION.sql_mode, SESSION sql_mode = \"\";"
		print "SET @view = \047" $2 "\047;"
		print "SET SESSION sql_mode = @mode, character_set_client = " $3 ", collation_connection = " $4 ";"
		print "PREPARE view FROM @view; EXECUTE view; DEALLOCATE PREPARE view; SET character_set_client = utf8mb4;"
	}'
}

# Values of the client's batch output as they were.
unescaped() {
	awk '{
		line = $0; text = ""
		while ((at = index(line, "\\")) > 0) {
			next_one = substr(line, at + 1, 1)
			if (next_one == "n") c = "\n"; else if (next_one == "t") c = "\t"; else if (next_one == "0") c = ""; else c = next_one
			text = text substr(line, 1, at - 1) c
			line = substr(line, at + 2)
		}
		print text line
	}'
}
