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

# STATE, SESSION and START of a process, from its stat line; the name in it may hold anything, blanks and `)` included.
stat_of() {
	IFS= read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	STATE=$1 SESSION=$4
	shift 19
	START=$1
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
		verify_plan || {
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
	rm -f "$RUN_DIR/note" "$RUN_DIR/facts"
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
	one_line "${NOTE%%"$NEWLINE"*}"
	NOTE=$LINE
	return "$RC"
}

record_child() { printf '%s %s %s\n' "$$" "$START" "$BOOT" 2>/dev/null >"$RUN_DIR/step.pid"; }

# The child's side of spawn.
child_main() {
	stat_of self || exit 125
	# whoever is to be told is told from a full disk as well
	record_child || { rm -f "$RUN_DIR/ballast" && record_child; } || [ "$1" = "$RUN_DIR/notify" ] || exit 125
	BACKSTAY_DIR=$RUN_DIR BACKSTAY_RUN=$RUN BACKSTAY_PATH=${ROOT%/*} BACKSTAY_STEP_DIR=$1
	BACKSTAY_STATE=$RUN_DIR/state BACKSTAY_SECRETS=$RUN_DIR/secrets
	BACKSTAY_NOTE=$RUN_DIR/note BACKSTAY_FACTS=$RUN_DIR/facts
	BACKSTAY_STEP=${1##*/}
	BACKSTAY_STEP=${BACKSTAY_STEP#[0-9][0-9]-}
	BACKSTAY_OLD=$(cat "$RUN_DIR/state/old")
	BACKSTAY_RELEASE=$BACKSTAY_PATH BACKSTAY_LIVE=$BACKSTAY_PATH
	if [ -f "$RUN_DIR/symlink" ]; then
		BACKSTAY_RELEASE=$BACKSTAY_PATH/releases/$RUN
		BACKSTAY_LIVE=
		[ ! -f "$RUN_DIR/release" ] || BACKSTAY_RELEASE=$(cat "$RUN_DIR/release")
		[ ! -e "$BACKSTAY_PATH/current" ] || BACKSTAY_LIVE=$(readlink -f "$BACKSTAY_PATH/current")
	fi
	export BACKSTAY_DIR BACKSTAY_RUN BACKSTAY_PATH BACKSTAY_STEP_DIR BACKSTAY_STATE BACKSTAY_SECRETS BACKSTAY_NOTE \
		BACKSTAY_FACTS BACKSTAY_STEP BACKSTAY_OLD BACKSTAY_RELEASE BACKSTAY_LIVE
	unset LC_ALL
	umask 002
	cd "$BACKSTAY_PATH" || exit 125
	# shellcheck disable=SC1091
	[ ! -f "$RUN_DIR/secrets/env" ] || . "$RUN_DIR/secrets/env"
	exec sh "$1/$2"
}

# The plan is what was hashed when it was made; files that a power failure left empty come back from the bundle.
verify_plan() {
	hash=$(sha256sum "$RUN_DIR/hashes" 2>/dev/null) || return 1
	[ "${hash%% *}" = "$PLAN_HASH" ] || unpack_again || return 1
	(cd "$RUN_DIR" && sha256sum -c hashes >/dev/null 2>&1) && return 0
	unpack_again && (cd "$RUN_DIR" && sha256sum -c hashes >/dev/null 2>&1)
}

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
