# A schema as files, and back: read from one state of it, loaded beside the live tables, compared by counts, digests and definitions.
# Sourced by engine.sh; lib/archive.sh has the folder's form. The objects of an archive:
#
#   definitions                  as `definitions` writes them
#   defaults                     statements: defaults of columns that SHOW CREATE TABLE has lost
#   triggers, routines, views    as `programs` writes them
#   digests                      number, rows and digest of each table, by the server
#   table, sequence              one each: the columns, then each row as a tuple in one line
#
# shellcheck shell=sh disable=SC2154,SC2034

. "$BACKSTAY_DIR/lib/archive.sh"

# Rows are as long as the server lets them be, and what is in them is no command of the client's.
bulk() { "$CLIENT" --defaults-file="$account" --default-character-set=utf8mb4 --batch --skip-column-names --max-allowed-packet=1073741824 --binary-mode --skip-reconnect "$@"; }

# Before rows are put in: values are taken as they are, and tables may be as old as they are.
LOADING="$SESSION
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';
/*M! SET SESSION innodb_strict_mode = 0 */;"

# --- out

# unload SCHEMA PROGRAMS READERS: the archive $BACKSTAY_DB_ARCHIVE of a schema. PROGRAMS is a folder that `programs` and `definitions`
# have filled. Where others may write meanwhile READERS is 1, since one session sees one state.
unload() {
	work=$state/unload
	rm -rf "$work"
	mkdir "$work"
	begin_archive "$BACKSTAY_DB_ARCHIVE" || say_failed "$BACKSTAY_DB_ARCHIVE cannot be written: is the disk full?"
	say_lost "$1"
	write_sql unload "$1" "$1" "$OWN" >"$work/all"
	awk -F '\t' 'NF != 6 { exit 1 } { printf "%04d\t%s\n", NR, $0 }' "$work/all" >"$work/list" || say_failed "a table or column of $1 has a line break or a tab in its name"
	packet=$(ask 'SELECT @@max_allowed_packet')
	export packet
	archive_origin mysql "$(ask "SELECT CONCAT(IF(VERSION() LIKE '%MariaDB%', 'mariadb ', 'mysql '), VERSION())")" "$live"
	archive_fact charset "$(awk -F '\t' '$1 == "schema" && $2 !~ /^CREATE/ { print $2 }' "$2/definitions")"
	archive_fact collation "$(awk -F '\t' '$1 == "schema" && $2 !~ /^CREATE/ { print $3 }' "$2/definitions")"
	archive_fact sql_mode "$(ask 'SELECT @@GLOBAL.sql_mode')"
	read_tables "$1" "$3"
	write_sql defaults "$1" "$1" "$OWN" >"$work/defaults.sql"
	run_sql "$1" <"$work/defaults.sql" >"$work/defaults" || say_failed "the defaults of columns of $1 could not be read"
	cut -f 1-3 "$work/done" >"$work/digests"
	for object in "$2/definitions" "$work/defaults" "$work/digests" "$2/triggers.sql" "$2/routines.sql" "$2/views"; do
		kind=${object##*/}
		kind=${kind%.sql}
		stream_object "0000.$kind" cat "$object" || say_failed "the archive cannot be written: is the disk full?"
		archive_object "$kind" "$1" "$FILE" -
	done
	while IFS='	' read -r number hex digest kind name file; do
		archive_object "$kind" "$name" "$file" "${digest%% *}"
	done <"$work/done"
	finish_archive || say_failed "the archive could not be written to the disk: is it full?"
	UNLOADED="$(awk 'END { print NR }' "$work/done") tables, $(du -sk "$BACKSTAY_DB_ARCHIVE" | awk '{ printf "%.1f MB", $1 / 1024 }')"
	rm -rf "$work"
}

# What no statement could bring back is not written as if it could.
say_lost() {
	lost=$(write_sql lost "$1" "$1" "$OWN")
	[ -z "$lost" ] || say_failed "$(printf '%s\n' "$lost" | head -n 1)"
}

# Several sessions, each with its tables.
read_tables() {
	readers=''
	for reader in $(seq "$2"); do
		awk -v n="$2" -v mine="$reader" 'NR % n == mine % n' "$work/list" >"$work/list.$reader"
		[ -s "$work/list.$reader" ] || continue
		read_some "$1" "$work/list.$reader" 6>&- &
		readers="$readers $!"
	done
	for pid in $readers; do wait "$pid" || say_failed "$1 could not be read: $(cat "$work"/list.*.why 2>/dev/null | head -n 1)"; done
	cat "$work"/list.*.done 2>/dev/null | sort >"$work/done"
	[ "$(awk 'END { print NR }' "$work/done")" = "$(awk 'END { print NR }' "$work/list")" ] || say_failed "not every table of $1 was read"
}

# One session, asked for one table after another: what it prints until `end` are the digest and the rows, and it says no more
# before it is asked for the next. Rows begin with a bracket.
read_some() (
	trap '' PIPE
	mkfifo "$2.in" "$2.out"
	bulk --quick --unbuffered "$1" <"$2.in" >"$2.out" 2>"$2.err" &
	session=$!
	exec 8>"$2.in" 9<"$2.out"
	printf '%s\n' "$SESSION" 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;' 'START TRANSACTION WITH CONSISTENT SNAPSHOT;' >&8
	: >"$2.done"
	while IFS='	' read -r number hex name kind columns digest rows; do
		if command -v zstd >/dev/null; then FILE=$number.$kind.zst; else FILE=$number.$kind.gz; fi
		rm -f "$2.whole"
		printf '%s\n' "$digest" "$rows" "SELECT 'end';" >&8 || :
		{ COLUMNS_OF=$columns LC_ALL=C awk -v said="$2.said" "$UNTIL_END" <&9 && : >"$2.whole"; } | compressed >"$ARCHIVE_PART/$FILE" || :
		[ -e "$2.whole" ] || {
			kill "$session" 2>/dev/null || :
			wait "$session" || :
			printf 'table %s: %s\n' "$name" "$(cat "$2.said" "$2.err" 2>/dev/null | tail -n 1)" >"$2.why"
			exit 1
		}
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$number" "$hex" "$(cat "$2.said")" "$kind" "$name" "$FILE" >>"$2.done"
	done <"$2"
	exec 8>&-
	wait "$session" || {
		tail -n 1 "$2.err" >"$2.why"
		exit 1
	}
)

# The digest goes to the file `said`, or why this is not the table. An INSERT of the longest row must be one that the server takes.
UNTIL_END='
	NR == 1 { digest = $0; gsub(/\t/, " ", digest); print ENVIRON["COLUMNS_OF"]; next }
	$0 == "end" { whole = 1; exit }
	substr($0, 1, 1) != "(" { why = "it has a row that is longer than max_allowed_packet"; exit }
	{ print; rows++; if (length($0) > longest) longest = length($0) }
	END {
		split(digest, word, " ")
		if (why == "" && whole && word[1] != rows + 0) why = "it has " word[1] " rows, and " rows + 0 " were read"
		if (longest + length(ENVIRON["COLUMNS_OF"]) + 400 > ENVIRON["packet"] + 0) why = "it has a row that is longer than max_allowed_packet as a statement"
		print (why == "" && whole ? digest : why) >said
		exit !(why == "" && whole)
	}'

# --- and back

# load SCHEMA [PREFIX]: the tables of the archive $BACKSTAY_DB_ARCHIVE into a schema; with PREFIX beside those that are there, by the
# names PREFIX_NUMBER and without foreign keys, whose names count for a whole schema. Fails where they do not come out as they were.
load() {
	work=$state/load
	rm -rf "$work"
	mkdir "$work"
	unpack definitions "$work/definitions" && unpack defaults "$work/defaults" && unpack digests "$work/digests" ||
		say_failed "the archive $BACKSTAY_DB_ARCHIVE cannot be read"
	{
		archive_objects "$BACKSTAY_DB_ARCHIVE" table
		archive_objects "$BACKSTAY_DB_ARCHIVE" sequence
	} >"$work/tables"
	awk -F '\t' '{ number = $2; sub(/[.].*/, "", number); print $1 "\t" number }' "$work/tables" >"$work/numbers"
	make tables "$1" "${2-}" || say_failed "the tables could not be made"
	begin_watch load
	load_rows "$1" "${2-}"
	end_watch
	LC_ALL=C awk -F '\t' -v prefix="${2-}" '
		NR == FNR { number[$2] = $1; next }
		{ print "ALTER TABLE " (prefix == "" ? $2 : "`" prefix "_" number[$1] "`") " ALTER COLUMN " $3 " SET DEFAULT " $4 " X\047" $5 "\047;" }' "$work/digests" "$work/defaults" >"$work/defaults.sql"
	loading "$1" <"$work/defaults.sql" || say_failed "the defaults of columns could not be set"
	[ -n "${2-}" ] || make keys "$1" || say_failed "the foreign keys could not be made"
	compare_loaded "$1" "${2-}"
	rm -rf "$work"
}

# A schema beside the live one: load_schema SCHEMA
load_schema() {
	drop_schema "$1"
	loading_schema=$1
	trap 'drop_schema "$loading_schema" || :' EXIT
	printf 'CREATE DATABASE %s CHARACTER SET %s COLLATE %s;\n' "$(sql_name "$1")" "$(archived_word charset)" "$(archived_word collation)" | sql
	mark_as_ours "$1"
	load "$1"
	trap - EXIT
}

# A character set or collation out of the archive: it goes into a statement.
archived_word() { archive_said "$BACKSTAY_DB_ARCHIVE" "$1" | tr -cd 'A-Za-z0-9_'; }

loading() { { printf '%s\n' "$LOADING" && cat; } | bulk "$1" >/dev/null; }

# unpack KIND FILE
unpack() { unpacked "$BACKSTAY_DB_ARCHIVE/$(archive_objects "$BACKSTAY_DB_ARCHIVE" "$1" | cut -f 2)" >"$2"; }

# What make.awk makes of the archive's definitions: make tables|keys SCHEMA [PREFIX]
make() {
	LC_ALL=C awk -v what="$1" -v prefix="${3-}" -f "$BACKSTAY_DB_DIR/make.awk" "$work/numbers" "$work/definitions" >"$work/made.sql" || return 1
	loading "$2" <"$work/made.sql"
}

load_rows() {
	loaders=''
	for loader in $(seq "$SESSIONS"); do
		awk -v n="$SESSIONS" -v mine="$loader" 'NR % n == mine % n' "$work/tables" >"$work/tables.$loader"
		load_some "$1" "$2" "$work/tables.$loader" 6>&- &
		loaders="$loaders $!"
	done
	went_well=yes
	for pid in $loaders; do wait "$pid" || went_well=; done
	[ -n "$went_well" ] || or_no_room "rows could not be loaded: $(cat "$work"/tables.*.err | grep -m 1 ERROR || cat "$work"/tables.*.err | tail -n 1)"
}

# Of a pipe only the last command tells how it ended: the others leave a mark when they did well.
load_some() {
	while IFS='	' read -r name file rows; do
		if [ -n "$2" ]; then into=$(sql_name "$2_${file%%.*}"); else into=$(sql_name "$(printf '%s\n' "$name" | unescaped)"); fi
		rm -f "$3.unpacked" "$3.grouped"
		{ unpacked "$BACKSTAY_DB_ARCHIVE/$file" && : >"$3.unpacked"; } |
			{ INTO=$into STOP=$state/no-room LC_ALL=C awk -f "$BACKSTAY_DB_DIR/tuples.awk" && : >"$3.grouped"; } | loading "$1" 2>>"$3.err" &&
			[ -e "$3.unpacked" ] && [ -e "$3.grouped" ] || return 1
	done <"$3"
}

# By what the server says of both: rows and digests, and the definitions, without what a table beside others cannot have yet.
compare_loaded() {
	write_sql unload "$1" "$1" >"$work/all"
	awk -F '\t' -v prefix="${2-}" '
		NR == FNR { number[$2] = $1; next }
		prefix != "" { n = index($2, prefix "_") == 1 ? substr($2, length(prefix) + 2) : "" }
		prefix == "" { n = $1 in number ? number[$1] : "more" }
		n == "" || n == "marker" { next }
		{ sub(/^SELECT /, "SELECT \047" n "\047, ", $5); print $5 }' "$work/digests" "$work/all" >"$work/digest.sql"
	in_sessions "$work/digest.sql" "$1" || say_failed "what was loaded cannot be read"
	tr '\t' ' ' <"$work/digest.sql.out" | sort >"$work/digests.loaded"
	awk -F '\t' '{ print $1 " " $3 }' "$work/digests" >"$work/digests.written"
	cmp -s "$work/digests.written" "$work/digests.loaded" ||
		say_failed "what was loaded is not what was written out: other rows in table $(named "$(diff "$work/digests.written" "$work/digests.loaded" | sed -n 's/^[<>] \([0-9a-z]*\) .*/\1/p' | head -n 1)")"
	if [ -n "${2-}" ]; then
		compare_beside "$2"
	else
		definitions "$1" >"$work/definitions.loaded"
		must_be_equal "$work/definitions" "$work/definitions.loaded"
	fi
}

# compare_beside PREFIX: what a table beside others cannot have yet is left out.
compare_beside() {
	awk -F '\t' -v prefix="$1" '{ print prefix "_" $2 "\t" $2 }' "$work/numbers" >"$work/numbers.loaded"
	(OWN='' && definitions "$live") >"$work/definitions.loaded"
	bare "$work/numbers" "$work/definitions" >"$work/definitions.a"
	bare "$work/numbers.loaded" "$work/definitions.loaded" >"$work/definitions.b"
	must_be_equal "$work/definitions.a" "$work/definitions.b"
}

must_be_equal() {
	cmp -s "$1" "$2" || {
		diff "$1" "$2" | cut -b 1-400 >&2 || :
		say_failed "what was loaded has other definitions than were written out"
	}
}

bare() { LC_ALL=C awk -v what=bare -f "$BACKSTAY_DB_DIR/make.awk" "$1" "$2" | sort; }

# The name of the table with that number in the archive, for people.
named() { awk -F '\t' -v number="$1" 'index($2, number ".") == 1 { print $1 }' "$work/tables"; }
