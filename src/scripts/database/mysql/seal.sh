#!/bin/sh
# In maintenance, under one lock over all live tables: those that may have been written to since the copy are compared with it, row
# by row; what has changed is copied again and compared again. Then the copy stands for the data from before.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	close_fence
	[ "$FENCE" != exclusive ] || end_sessions
	mkdir -p "$state/programs"
	writer=
	stop_events
	lock_live
	definitions "$live" >"$state/programs/definitions"
	same_definitions || say_failed "the tables of $live were changed while they were copied: does somebody else migrate?"
	[ -n "$writer" ] || {
		programs "$state/programs" &
		writer=$!
	}
	prove
	write_sql counters "$live" "$shadow" | run_sql "$shadow"
	definitions "$shadow" >"$state/definitions.now"
	cmp -s "$state/programs/definitions" "$state/definitions.now" || say_failed "the copy $shadow has other definitions than $live"
	[ "$writer" = none ] || wait "$writer" || say_failed "triggers, routines or views of $live could not be read"
	unlock_live
	flush_log "$shadow"
	persist "$state/programs"/* "$state/programs"
	open_fence
	{
		printf 'proof %s\n' "$proof"
		printf 'fence %s\n' "$FENCE"
	} >"$state/facts"
	say "$TABLES tables equal$again ($proof$unwritten, $FENCE)"
}

# Events run inside the server and write through every maintenance. Where the scheduler is off none runs.
stop_events() {
	[ "$(ask 'SELECT @@event_scheduler')" = ON ] || return 0
	write_sql stop-events "$live" "$live" >"$state/events.stop"
	[ -s "$state/events.stop" ] || return 0
	# as they are before they are stopped
	programs "$state/programs" || say_failed "triggers, routines or views of $live could not be read"
	writer=none
	: >"$state/events-stopped"
	persist "$state/events-stopped" "$state/events.stop"
	sql "$live" <"$state/events.stop" || say_failed "the events of $live could not be stopped"
}

# A session of its own holds the lock until its input is closed.
lock_live() {
	write_sql lock "$live" "$live" >"$state/lock.sql"
	held=
	[ -s "$state/lock.sql" ] || return 0
	rm -f "$state/lock.in"
	mkfifo "$state/lock.in"
	sql --unbuffered --skip-reconnect "$live" <"$state/lock.in" >"$state/lock.out" 2>"$state/lock.err" &
	holder=$!
	exec 6>"$state/lock.in"
	held=yes
	{
		printf '%s\n' "$SESSION"
		sed '1s/^,/LOCK TABLES/' "$state/lock.sql"
		printf ';\nSELECT CONNECTION_ID();\n'
	} >&6
	until [ -s "$state/lock.out" ]; do
		kill -0 "$holder" 2>/dev/null || {
			[ -n "${FENCE-}" ] || FENCE=cooperative
			sessions >"$state/sessions"
			say_failed "the tables of $live cannot be locked: $(tail -n 1 "$state/lock.err"). Other sessions: $(named_sessions)"
		}
		sleep 0.02 2>/dev/null || sleep 1
	done
}

unlock_live() {
	[ -n "$held" ] || return 0
	# the same session must answer that took the lock
	printf 'SELECT CONNECTION_ID();\n' >&6 || :
	exec 6>&-
	wait "$holder" && [ "$(uniq "$state/lock.out" | awk 'END { print NR }')-$(awk 'END { print NR }' "$state/lock.out")" = 1-2 ] || say_failed "the session that held the lock on $live was ended: $(tail -n 1 "$state/lock.err")"
}

same_definitions() {
	without_counters "$state/definitions.copied" >"$state/definitions.a"
	without_counters "$state/programs/definitions" >"$state/definitions.b"
	cmp -s "$state/definitions.a" "$state/definitions.b"
}

prove() {
	again='' proof=exact unwritten=''
	set --
	if divide_by_evidence && [ -s "$evidence/unwritten" ]; then
		proof=evidence unwritten=": $(awk 'END { print NR }' "$evidence/unwritten") not written to since the copy"
		set -- "$evidence/doubtful"
	fi
	compare "$live" "$shadow" "$@" || say_failed "$live and its copy could not be compared"
	[ "$proof" = exact ] || TABLES=$((TABLES + $(awk 'END { print NR }' "$evidence/unwritten")))
	[ "$TABLES" = "$(grep -vc '^schema	' "$state/programs/definitions")" ] || say_failed "not every table of $live was compared"
	[ -s "$DIFFERENT" ] || return 0
	all=$TABLES
	mv "$DIFFERENT" "$state/mended"
	again=", $(awk 'END { print NR }' "$state/mended") of them copied again"
	write_sql rows "$live" "$shadow" mend "$shadow" | awk -F '	' 'NR == FNR { wanted[$1] = 1; next } $1 in wanted { sub(/^[^\t]*\t/, ""); print }' "$state/mended" - >"$state/mend.sql"
	begin_watch
	in_sessions "$state/mend.sql" "$shadow" || or_no_room "what had changed in $live could not be copied again"
	end_watch
	compare "$live" "$shadow" "$state/mended" || say_failed "$live and its copy could not be compared again"
	[ ! -s "$DIFFERENT" ] || say_failed "these tables of $live and their copies do not become equal: $(named_tables "$DIFFERENT")"
	TABLES=$all
}

main
