# --- process: the locks, and the one way in which a script is started and ended

# The run lock: kernel-held, so it ends with this process. A child of a dead executor (a `sleep`, a `sync`) may hold
# it for its moment, so it is tried for a little while.
take_lock() {
	# a failed `exec` alone would end the shell; on a disk that cannot be written any more reading does
	{ command exec 9>>"$ROOT/lock" || command exec 9<"$ROOT/lock"; } 2>/dev/null || return 1
	tries=20
	until flock -n 9; do
		[ "$tries" -gt 0 ] || return 1
		tries=$((tries - 1))
		nap 0.1
	done
}

# The step lock: every script and all that it starts inherit it, so holding it means that nothing of an earlier
# step runs any more, whoever its parent is. Its holders are killed; it is waited for as long as told, in hundredths.
take_step_lock() {
	{ command exec 8>>"$ROOT/step.lock" || command exec 8<"$ROOT/step.lock"; } 2>/dev/null || return 1
	flock -n 8 && return 0
	uptime_cs
	give_up_at=$((UP + $1)) tries=0
	while [ "$UP" -lt "$give_up_at" ]; do
		nap 0.1
		flock -n 8 && return 0
		tries=$((tries + 1))
		[ $((tries % 10)) -ne 5 ] || end_holders
		uptime_cs
	done
	exec 8>&-
	return 1
}

# Ends a whole session: asked first, killed after the grace in hundredths of a second. A zombie has ended, also when
# nobody has waited for it yet.
end_session() {
	signal_session "$1" TERM || return 0
	uptime_cs
	kill_at=$((UP + $2))
	while [ "$UP" -lt "$kill_at" ]; do
		nap 0.1
		signal_session "$1" 0 || return 0
		uptime_cs
	done
	signal_session "$1" KILL
	return 0
}

signal_session() {
	found=1
	for proc in /proc/[0-9]*; do
		pid=${proc#/proc/}
		stat_of "$pid" 2>/dev/null || continue
		[ "$SESSION" = "$1" ] && [ "$STATE" != Z ] || continue
		found=0
		[ "$2" = 0 ] || kill -s "$2" "$pid" 2>/dev/null
	done
	return $found
}

# Who holds the step lock: processes with it open. Sets HOLDERS.
find_holders() {
	HOLDERS=
	for fd in /proc/[0-9]*/fd/*; do
		[ "$fd" -ef "$ROOT/step.lock" ] 2>/dev/null || continue
		pid=${fd#/proc/}
		pid=${pid%%/*}
		[ "$pid" != $$ ] || continue
		case " $HOLDERS " in *" $pid "*) ;; *) HOLDERS="$HOLDERS $pid" ;; esac
	done
}

end_holders() {
	find_holders
	for pid in $HOLDERS; do kill -s KILL "$pid" 2>/dev/null; done
}

name_holders() {
	find_holders
	HELD_BY=
	for pid in $HOLDERS; do
		HELD_BY="$HELD_BY, $pid ($(tr '\000-\037' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -b 1-80))"
	done
	HELD_BY=${HELD_BY#, }
	[ -n "$HELD_BY" ] || HELD_BY="a process of another user (as root: fuser -v $ROOT/step.lock)"
}

# What the last script was, if a dead executor left it running: ended by pid and start time, then the step lock must
# come free, since a pid may have been recorded too late or be somebody else's by now.
end_left_over() {
	if [ -f "$RUN_DIR/step.pid" ] && read -r pid start boot <"$RUN_DIR/step.pid"; then
		if [ "$boot" = "$BOOT" ] && stat_of "$pid" && [ "$START" = "$start" ]; then end_session "$pid" 500; fi
	fi
	take_step_lock 1000 || {
		name_holders
		return 1
	}
	exec 8>&-
}

# spawn FOLDER SCRIPT LOG: runs it to its end and sets RC, NOTE and ENDING. The child writes its own pid and start time
# before it runs anything.
spawn() {
	RC=1 NOTE= ENDING=
	if [ "$WATCHING" = notify ]; then
		# It changes nothing of the app and must get through when the lock or a part of the plan is what is wrong.
		verify_part notify || return 1
		exec 8>/dev/null
	else
		verified || {
			NOTE="the plan's files on the target have changed"
			return 1
		}
		take_step_lock 500 || {
			name_holders
			NOTE="a process of an earlier step still runs: $HELD_BY"
			return 1
		}
	fi
	# on a full disk the way back, and to the end, has the space that was kept for it
	[ "$WATCHING" = forward ] || printf '%8192s' . 2>/dev/null >"$RUN_DIR/note" || rm -f "$RUN_DIR/ballast"
	# emptied without a process; what holds nothing counts as not there
	true 2>/dev/null >"$RUN_DIR/note"
	true 2>/dev/null >"$RUN_DIR/facts"
	log=$RUN_DIR/log/$3.log
	# what cannot be written down can still be undone, and somebody can still be told
	true 2>/dev/null >>"$log" || log=/dev/null
	setsid sh "$RUN_DIR/executor" child "$1" "$2" </dev/null >>"$log" 2>&1 9>&- &
	child=$!
	exec 8>&-
	start_watch "$child"
	# No signal may come in here: bash loses the end of a child that comes together with a trapped one, and waits for ever.
	wait "$child"
	RC=$?
	end_watch
	[ ! -s "$RUN_DIR/note" ] || NOTE=$(head -c 2000 "$RUN_DIR/note")
	# A script that failed without a word of its own: its last line says most.
	[ "$RC" -eq 0 ] || [ -n "$NOTE" ] || NOTE=$(tail -c 2000 "$log" | tr '\r\000' '\n ' | grep -v '^ *$' | tail -n 1)
	[ "$RC" -eq 0 ] || [ -n "$NOTE" ] || NOTE=$(df -Pk "$RUN_DIR" 2>/dev/null | awk 'NR == 2 && $4 < 64 { sub(/^.*% /, ""); print "the disk of " $0 " is full" }')
	one_line "${NOTE%%"$NEWLINE"*}"
	# without the blanks that it was laid out with
	set -f
	# shellcheck disable=SC2086
	set -- $LINE
	set +f
	NOTE=$*
	return "$RC"
}

# The files are read while the intent is being written: the two do not touch, and each step waits for both.
VERIFYING=
begin_verifying() {
	check_hashes 9>&- &
	VERIFYING=$!
}

# What was begun, to its end.
verified() {
	[ -n "$VERIFYING" ] || begin_verifying
	checking=$VERIFYING VERIFYING=
	wait "$checking" || verify_plan
}

# The plan is what was hashed when it was made; files that a power failure left empty come back from the bundle.
verify_plan() {
	check_hashes || { unpack_again && check_hashes; }
}

# The hashes themselves by the hash in the journal, and then all files by them: one process, since each step pays for it.
check_hashes() (
	[ -n "$PLAN_HASH" ] && cd "$RUN_DIR" && sha256sum -c - hashes >/dev/null 2>&1 <<-HASH
		$PLAN_HASH  hashes
	HASH
)

# The same for one folder, by the lines of `hashes` that name it.
verify_part() {
	hash=$(sha256sum "$RUN_DIR/hashes" 2>/dev/null) || return 1
	# a journal that has lost its first line knows no hash
	[ "${hash%% *}" = "$PLAN_HASH" ] || [ -z "$PLAN_HASH" ] || return 1
	(cd "$RUN_DIR" && grep -E "  ($1|lib|params)(/|\$)" hashes | sha256sum -c >/dev/null 2>&1)
}

unpack_again() {
	[ -s "$RUN_DIR/bundle.tar" ] || return 1
	tar -xf "$RUN_DIR/bundle.tar" -C "$RUN_DIR" 2>/dev/null || return 1
	hash=$(sha256sum "$RUN_DIR/hashes") || return 1
	[ "${hash%% *}" = "$PLAN_HASH" ]
}
