# Workers: stopped, proven stopped, started again. lib/workers/ has a folder for each, in order, with the files `kind`,
# `name`, `grace`, supervisor's `config`, and the user's commands `stop`, `start`, `check`.
# shellcheck shell=sh disable=SC2154

each_worker() {
	for worker in "$BACKSTAY_DIR"/lib/workers/*/; do
		[ -d "$worker" ] || continue
		worker=${worker%/}
		kind=$(cat "$worker/kind")
		grace=$(cat "$worker/grace")
		name=$(cat "$worker/name")
		"$1"
	done
}

# note_workers TEXT: what became of them, unless there are none.
note_workers() { if [ -d "$BACKSTAY_DIR/lib/workers" ]; then note "$1"; else note "none are declared"; fi; }

SUPERVISOR_REMEDY='see workers.name; name its configuration with workers.config; let the user talk to it (chown in [unix_http_server]) or run supervisorctl by sudo without a password'

supervisor() {
	if [ -f "$worker/config" ]; then
		config=$(cat "$worker/config")
		case $config in \~/*) config=$HOME/${config#??} ;; esac
		set -- -c "$config" "$@"
	fi
	supervisorctl "$@" 2>&1 || sudo -n supervisorctl "$@" 2>&1
}

# Sets SAID. Succeeds when supervisor told a state of every process of that name: an error is not `stopped`.
ask_supervisor() {
	SAID=$(supervisor status "$name") || :
	printf '%s\n' "$SAID" | grep -Eq ' (RUNNING|STARTING|STOPPING|BACKOFF|STOPPED|EXITED|FATAL|UNKNOWN)( |$)' && return 0
	SAID=$(printf '%s\n' "$SAID" | head -n 1)
	return 1
}

# Exit 0 when the worker runs. A command without a check is believed.
worker_runs() {
	case $kind in
	supervisor)
		ask_supervisor || fail "supervisor cannot be asked for the worker $name: $SAID ($SUPERVISOR_REMEDY)"
		printf '%s\n' "$SAID" | grep -Eq ' (RUNNING|STARTING|STOPPING|BACKOFF)( |$)'
		;;
	queue) [ -n "$(queue_processes)" ] ;;
	command) [ -f "$worker/check" ] && (cd "$BACKSTAY_LIVE" && with_env sh -eu "$worker/check") >/dev/null 2>&1 ;;
	esac
}

worker_is_gone() { ! worker_runs; }

has_no_check() { [ "$kind" = command ] && [ ! -f "$worker/check" ]; }

# `PID-START` of this app's queue workers, as far as this user may look: those whose artisan, or else whose folder, is
# below the app's path.
queue_processes() {
	# shellcheck disable=SC2013 # names without blanks
	for file in $(grep -ls artisan /proc/[0-9]*/cmdline 2>/dev/null); do
		proc=${file%/cmdline}
		artisan=$(tr '\000' '\n' <"$file" 2>/dev/null | awk 'artisan != "" && /^(queue:(work|listen)|horizon)/ { print artisan; exit } $0 ~ /(^|\/)artisan$/ { artisan = $0 }') || continue
		case $artisan in
		'') continue ;;
		/*) folder=$(readlink -f "${artisan%/*}") || continue ;;
		*) folder=$(readlink "$proc/cwd" 2>/dev/null) || continue ;;
		esac
		case $folder/ in "$BACKSTAY_PATH"/*) ;; *) continue ;; esac
		sed 's/^.*) //' "$proc/stat" 2>/dev/null | awk -v pid="${proc#/proc/}" '{ print pid "-" $20 }'
	done
}

old_queue_processes_are_gone() {
	# shellcheck disable=SC2013 # words: pid and start time of each
	for old in $(cat "$BACKSTAY_STATE/queue-before"); do
		! queue_processes | grep -qx "$old" || return 1
	done
}

# A worker compares the second of the last restart with the one that it began with: two in one second are none.
restart_queue() {
	until_true 3 second_is_over || :
	date +%s >"$BACKSTAY_STATE/queue-restart"
	(cd "$BACKSTAY_LIVE" && with_env "$PHP" artisan queue:restart)
	date +%s >>"$BACKSTAY_STATE/queue-restart"
}

second_is_over() { ! grep -qsx "$(date +%s)" "$BACKSTAY_STATE/queue-restart"; }

stop_worker() {
	ran=$BACKSTAY_STATE/ran-${worker##*/}
	if worker_runs || has_no_check; then : >"$ran"; fi
	[ -e "$ran" ] || return 0
	case $kind in
	supervisor)
		supervisor stop "$name" || :
		until_true "$grace" worker_is_gone || fail "worker $name still runs $grace s after supervisorctl stop (workers.grace)"
		;;
	queue)
		queue_processes >"$BACKSTAY_STATE/queue-before"
		restart_queue
		until_true "$grace" old_queue_processes_are_gone || fail "queue workers still run their jobs after $grace s (workers.grace)"
		;;
	command)
		(cd "$BACKSTAY_LIVE" && with_env sh -eu "$worker/stop") || fail "the stop command of worker $name failed"
		until_true "$grace" worker_is_gone || fail "worker $name still runs $grace s after its stop command (workers.grace)"
		;;
	esac
	stopped=$((stopped + 1))
}

# Only what ran before; without our locks, since it outlives us. A repeated finish starts nothing twice.
start_worker() {
	[ -e "$BACKSTAY_STATE/ran-${worker##*/}" ] || return 0
	case $kind in
	supervisor)
		supervisor start "$name" 8>&- 9>&- || :
		until_true "$grace" worker_runs || fail "worker $name did not start"
		;;
	queue) restart_queue ;;
	command)
		# one that did not stop in time may still be about to
		if [ ! -e "$BACKSTAY_STATE/started-${worker##*/}" ] && ! until_true "$grace" worker_is_gone; then
			printf '%s\n' "worker $name never stopped: it is left as it is"
			return 0
		fi
		[ -e "$BACKSTAY_STATE/started-${worker##*/}" ] && worker_runs || start_by_command
		: >"$BACKSTAY_STATE/started-${worker##*/}"
		;;
	esac
	started=$((started + 1))
}

start_by_command() {
	(cd "$BACKSTAY_LIVE" && with_env sh -eu "$worker/start") 8>&- 9>&- || fail "the start command of worker $name failed"
	has_no_check || until_true "$grace" worker_runs || fail "worker $name did not start"
}

# One that ran on through a run without maintenance gets the new code.
renew_worker() {
	worker_runs || has_no_check || return 0
	case $kind in
	supervisor) supervisor restart "$name" 8>&- 9>&- && until_true "$grace" worker_runs || fail "worker $name did not start again" ;;
	queue) restart_queue ;;
	command)
		(cd "$BACKSTAY_LIVE" && with_env sh -eu "$worker/stop") || fail "the stop command of worker $name failed"
		until_true "$grace" worker_is_gone || fail "worker $name still runs $grace s after its stop command (workers.grace)"
		start_by_command
		;;
	esac
	started=$((started + 1))
}

check_worker_stopped() {
	case $kind in
	queue) # respawned ones do nothing in maintenance, unless forced
		for proc in $(queue_processes); do
			! tr '\000' ' ' <"/proc/${proc%-*}/cmdline" 2>/dev/null | grep -q -- ' --force' || leak "queue worker ${proc%-*} runs with --force: it works in maintenance too"
		done
		;;
	supervisor) ! worker_runs || leak "worker $name runs again" ;;
	command) ! worker_runs || leak "worker $name runs again" ;;
	esac
}

prove_workers_stopped() { each_worker check_worker_stopped; }
