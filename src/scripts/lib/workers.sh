# Workers: stopped, proven stopped, started again. lib/workers/ has a folder for each, in order, with the files `kind`,
# `name`, `grace` and the user's commands `stop`, `start`, `check`.
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

supervisor() { supervisorctl "$@" 2>&1 || sudo -n supervisorctl "$@" 2>&1; }

# Exit 0 when the worker runs. A command without a check is believed.
worker_runs() {
	case $kind in
	supervisor) supervisor status "$name" | grep -Eq ' (RUNNING|STARTING|STOPPING|BACKOFF) ' ;;
	queue) [ -n "$(queue_processes)" ] ;;
	command) [ -f "$worker/check" ] && (cd "$BACKSTAY_LIVE" && sh -eu "$worker/check") >/dev/null 2>&1 ;;
	esac
}

worker_is_gone() { ! worker_runs; }

# `PID START` of this app's queue workers, as far as this user may look.
queue_processes() {
	for proc in /proc/[0-9]*; do
		tr '\000' ' ' <"$proc/cmdline" 2>/dev/null | grep -Eq 'artisan (queue:(work|listen)|horizon)' || continue
		case $(readlink "$proc/cwd" 2>/dev/null)/ in "$BACKSTAY_PATH"/*) ;; *) continue ;; esac
		sed 's/^.*) //' "$proc/stat" 2>/dev/null | awk -v pid="${proc#/proc/}" '{ print pid "-" $20 }'
	done
}

old_queue_processes_are_gone() {
	# shellcheck disable=SC2013 # words: pid and start time of each
	for old in $(cat "$BACKSTAY_STATE/queue-before"); do
		! queue_processes | grep -qx "$old" || return 1
	done
}

stop_worker() {
	ran=$BACKSTAY_STATE/ran-${worker##*/}
	if worker_runs || { [ "$kind" = command ] && [ ! -f "$worker/check" ]; }; then : >"$ran"; fi
	[ -e "$ran" ] || return 0
	case $kind in
	supervisor)
		supervisor stop "$name"
		until_true "$grace" worker_is_gone || fail "worker $name still runs $grace s after supervisorctl stop (workers.grace)"
		;;
	queue)
		queue_processes >"$BACKSTAY_STATE/queue-before"
		(cd "$BACKSTAY_LIVE" && "$PHP" artisan queue:restart)
		until_true "$grace" old_queue_processes_are_gone || fail "queue workers still run their jobs after $grace s (workers.grace)"
		;;
	command)
		(cd "$BACKSTAY_LIVE" && sh -eu "$worker/stop") || fail "the stop command of worker $name failed"
		[ ! -f "$worker/check" ] || until_true "$grace" worker_is_gone || fail "worker $name still runs $grace s after its stop command (workers.grace)"
		;;
	esac
	stopped=$((stopped + 1))
}

# Only what ran before; without our locks, since it outlives us.
start_worker() {
	[ -e "$BACKSTAY_STATE/ran-${worker##*/}" ] || return 0
	case $kind in
	supervisor)
		supervisor start "$name" 8>&- 9>&- || :
		until_true "$grace" worker_runs || fail "worker $name did not start"
		;;
	queue) (cd "$BACKSTAY_LIVE" && "$PHP" artisan queue:restart) ;;
	command) (cd "$BACKSTAY_LIVE" && sh -eu "$worker/start") 8>&- 9>&- || fail "the start command of worker $name failed" ;;
	esac
	started=$((started + 1))
}

# One that ran on through a run without maintenance gets the new code.
renew_worker() {
	worker_runs || return 0
	case $kind in
	supervisor) supervisor restart "$name" 8>&- 9>&- && until_true "$grace" worker_runs || fail "worker $name did not start again" ;;
	queue) (cd "$BACKSTAY_LIVE" && "$PHP" artisan queue:restart) ;;
	command)
		(cd "$BACKSTAY_LIVE" && sh -eu "$worker/stop") || fail "the stop command of worker $name failed"
		(cd "$BACKSTAY_LIVE" && sh -eu "$worker/start") 8>&- 9>&- || fail "the start command of worker $name failed"
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

leak() {
	if [ "$ON_LEAK" = refuse ]; then fail "$1 (maintenance.on_leak)"; fi
	printf '%s\n' "warning: $1"
	fact leak "$1"
}
