# Where no second schema is allowed, or the disk is too small for a copy: in maintenance everything is written out, and on the way back
# it is loaded beside the live tables in the same schema, compared, and swapped in by one RENAME. Sourced by engine.sh.
#
#   __backstay_<run>_<number>          what is loaded, __earlier_… for a rollback
#   __failed_<run>_<number>_<name>     what it replaced, __replaced_… for a rollback
#   …_marker                           which table is which, and whether all of them are there; it moves with the rename, so a swap
#                                      can tell whether it has happened. What has none is never dropped.
#
# shellcheck shell=sh disable=SC2154,SC2034

beside_live=__backstay_$id beside_failed=__failed_$id beside_earlier=__earlier_$id beside_replaced=__replaced_$id

# How this run protects: MODE is shadow or dump, and WHY says why no copy is made. Once decided it stays.
find_mode() {
	WHY=
	if [ -s "$state/mode" ]; then
		MODE=$(cat "$state/mode")
	else
		MODE=shadow
		case $PROTECT in
		dump) MODE=dump WHY="protect is dump" ;;
		auto)
			# A dump needs the room too, when it goes back: where that lacks, it is a person who may choose it.
			WHY=$(why_no_shadow)
			[ -z "$WHY" ] || MODE=dump
			;;
		esac
		printf '%s\n' "$MODE" >"$state/mode"
		persist "$state/mode"
	fi
	[ "$MODE" = shadow ] || OWN=own
}

why_no_shadow() {
	lacking=$(lacking)
	[ -z "$lacking" ] || printf 'the account may not keep a copy beside %s: it lacks %s on %s' "$live" "$lacking" "$shadow"
}

# Privileges on a schema beside the live one.
lacking() { part probe lacking | awk '{ printf "%s%s", (NR > 1 ? ", " : ""), $0 }'; }

# no_room BYTES: whether a copy of so much has no room on the server's disk, in words. Only where its files are on this machine.
no_room() {
	folder=$(server_folder)
	[ -n "$folder" ] || return 0
	df -Pk "$folder" | awk -v size="$1" -v folder="$folder" 'NR == 2 && $4 * 1024 < size * 1.2 + 67108864 {
		printf "the disk of the server (%s) has %d MB free, a copy needs about %d MB", folder, $4 / 1024, (size * 1.2 + 67108864) / 1048576 }'
}

# Statements of beside.sql under a name: beside_sql NAME BESIDE AWAY. Both are words of ours.
beside_sql() {
	{
		printf "%s\nSET @live = %s, @beside = '%s', @away = '%s';\n" "$SESSION" "$(sql_text "$live")" "$2" "$3"
		sed -n "/^-- $1:/,/^-- [a-z-]*:/p" "$BACKSTAY_DB_DIR/beside.sql" | grep -v '^-- ' | sed "s/BESIDE_MARKER/${2}_marker/g"
	} | sql "$live"
}

# The same, and what they answer is done.
beside_do() {
	beside_sql "$1" "$2" "$3" >"$state/beside.sql" || return 1
	run_sql "$live" <"$state/beside.sql"
}

drop_beside() { beside_do tables "$1" "$1"; }

is_whole() { table_is_there "$live" "${1}_marker" && [ -n "$(beside_sql whole "$1" "$1")" ]; }

mark_beside() {
	printf 'CREATE TABLE `%s_marker` (what VARCHAR(10) NOT NULL, n INT NOT NULL, name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL) ENGINE = InnoDB;\n' "$1" | run_sql "$live"
}

# The archive's tables beside the live ones, whole or not at all.
load_beside() {
	drop_beside "$1"
	loading_beside=$1
	trap 'drop_beside "$loading_beside" || :' EXIT
	mark_beside "$1"
	load "$live" "$1"
	unpack digests "$state/digests"
	awk -F '\t' -v marker="$1_marker" '{ print "INSERT INTO `" marker "` VALUES (\047loaded\047, " $1 + 0 ", CONVERT(UNHEX(\047" $2 "\047) USING utf8mb4));" }
		END { print "INSERT INTO `" marker "` VALUES (\047whole\047, 0, \047\047);" }' "$state/digests" >"$state/mark.sql"
	run_sql "$live" <"$state/mark.sql"
	trap - EXIT
}

# Before the downtime: empty tables like the live ones can be made under our names, and come out as they are.
rehearse_beside() {
	say_lost "$live"
	work=$state/load
	rm -rf "$work"
	mkdir "$work"
	definitions "$live" >"$work/definitions"
	awk -F '\t' '$2 ~ /^CREATE TABLE/ { printf "%s\t%04d\n", $1, ++n }' "$work/definitions" >"$work/numbers"
	drop_beside "$beside_live"
	trap 'drop_beside "$beside_live" || :' EXIT
	mark_beside "$beside_live"
	make tables "$live" "$beside_live" || say_failed "the tables of $live could not be made again beside themselves"
	compare_beside "$beside_live"
	drop_beside "$beside_live"
	trap - EXIT
	TABLES=$(awk 'END { print NR }' "$work/numbers")
}

# swap_beside BESIDE AWAY PROGRAMS: the archive $BACKSTAY_DB_ARCHIVE becomes live, as `swap` does it with a schema.
swap_beside() {
	from=$1 away=$2 programs=$3
	await_server
	close_fence
	end_sessions
	if ! table_is_there "$live" "${away}_marker"; then
		is_whole "$from" || {
			faults=$(archive_faults "$BACKSTAY_DB_ARCHIVE")
			[ -z "$faults" ] || say_failed "what was written out of $live is damaged, and nothing was overwritten: $BACKSTAY_DB_ARCHIVE: $(printf '%s\n' "$faults" | head -n 1)"
			# a sequence does not say its character set
			bring_defaults
			load_beside "$from"
		}
		write_sql drop-triggers "$live" "$live" >"$state/triggers.drop"
		run_sql "$live" <"$state/triggers.drop"
		beside_do views-in-the-way "$from" "$away"
		beside_sql number "$from" "$away"
		beside_sql rename "$from" "$away" >"$state/rename.sql"
		sed '1s/^,/RENAME TABLE/' "$state/rename.sql" | run_sql "$live" || {
			sessions >"$state/sessions"
			say_failed "$live could not be swapped with what was loaded beside it; other sessions: $(named_sessions)"
		}
	fi
	beside_do keys "$from" "$away"
	bring_keys
	bring_programs
	compare_definitions
	flush_log "$live"
}

# Their names count for the whole schema, so they come when those of the tables that went away are gone.
bring_keys() {
	definitions "$live" >"$state/definitions.now"
	LC_ALL=C awk 'NR == FNR { is_there[$0] = 1; next } !($0 in is_there)' "$state/definitions.now" "$programs/definitions" >"$state/definitions.missing"
	awk -F '\t' '{ print $1 "\t0" }' "$state/definitions.missing" >"$state/numbers"
	LC_ALL=C awk -v what=keys -v prefix= -f "$BACKSTAY_DB_DIR/make.awk" "$state/numbers" "$state/definitions.missing" >"$state/keys.sql"
	run_sql "$live" <"$state/keys.sql"
}

# Retention of what stands in the live schema and of what was written out, as it is for schemas.
tidy_beside() {
	beside_sql prefixes x x | while IFS= read -r prefix; do
		kind=${prefix#__}
		kind=${kind%%_*}
		if [ "$kind" = failed ] && { [ -z "${DRILL-}" ] || [ "$prefix" != "$beside_failed" ]; }; then
			[ "$(ask "SELECT STR_TO_DATE(LEFT('${prefix#__failed_}', 15), '%Y%m%dt%H%i%s') < UTC_TIMESTAMP() - INTERVAL $KEEP_FAILED_MIN MINUTE")" = 1 ] || continue
		else
			run=$(run_with_word "${prefix#__"$kind"_}")
			[ -n "$run" ] && { [ "$run" = "$BACKSTAY_RUN" ] || has_ended "$run"; } || continue
		fi
		drop_beside "$prefix"
	done
	kept=0
	for run in $(runs_newest_first); do
		of_run=$BACKSTAY_PATH/.backstay/runs/$run/state/db-$BACKSTAY_DB
		[ -d "$of_run/archive" ] || continue
		if [ -e "$of_run/kept" ]; then
			kept=$((kept + 1))
			[ "$kept" -gt "$KEEP_COPIES" ] || continue
			rm -f "$of_run/kept"
		elif [ "$run" != "$BACKSTAY_RUN" ] && ! has_ended "$run"; then
			continue
		fi
		rm -rf "$of_run/archive"
	done
}

# A run's id begins with its time.
runs_newest_first() {
	for folder in "$BACKSTAY_PATH"/.backstay/runs/*/; do
		folder=${folder%/}
		printf '%s\n' "${folder##*/}"
	done | sort -r
}

run_with_word() {
	for candidate in $(runs_newest_first); do
		[ "$(run_word "$candidate")" != "$1" ] || printf %s "$candidate"
	done
}
