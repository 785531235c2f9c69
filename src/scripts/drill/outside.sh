# What a drill does to its run from outside, and what it looks at. It follows lib/runs.sh in one script.
#
# usage: drill ready PATH RUN   whether the change stands half-made
#        drill cut PATH RUN     remembers that the runner is lost from now on
#        drill kill PATH RUN    kills the run's executor, known by its child's record and by the lock that it holds
#        drill said PATH RUN    when the failure was injected, and what is left of the run
# shellcheck shell=sh disable=SC2154
set -u
umask 077
LC_ALL=C

injected() { date +%s%N >"$run_dir/state/drill-injected"; }

say_ready() {
	if [ -e "$run_dir/state/drill-ready" ]; then emit ready yes; fi
}

# The step's process wrote down its pid and start time itself; its parent is the executor, which alone holds the lock.
kill_executor() {
	read -r pid start boot <"$run_dir/step.pid" || return 1
	read -r now </proc/sys/kernel/random/boot_id
	[ "$boot" = "$now" ] || return 1
	IFS= read -r stat <"/proc/$pid/stat" || return 1
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	parent=$2
	shift 19
	[ "$1" = "$start" ] || return 1
	[ "/proc/$parent/fd/9" -ef "$BACKSTAY_PATH/.backstay/lock" ] || return 1
	injected
	kill -s KILL "$parent" || return 1
	emit killed "$parent"
}

# Nothing that a drill brings along may outlive it.
say_left() {
	[ ! -f "$run_dir/state/drill-injected" ] || emit injected "$(cat "$run_dir/state/drill-injected")"
	[ ! -e "$run_dir/state/drill-ready" ] || emit changed yes
	for path in "$BACKSTAY_PATH/releases/$run" "$BACKSTAY_PATH/releases/$run.part" "$BACKSTAY_PATH/.backstay/releases/$run" "$run_dir/secrets" "$run_dir/upload" "$BACKSTAY_PATH/.backstay/copies/$run" "$BACKSTAY_PATH/.backstay/incoming/$run"; do
		[ ! -e "$path" ] || emit left "$path"
	done
	# the executor takes its guard away behind its last record
	tries=0
	while [ "$tries" -lt 50 ] && is_guarded; do
		sleep 0.1
		tries=$((tries + 1))
	done
	[ "$tries" -lt 50 ] || emit left "the guard: its lines in the crontab, or its units in ~/.config/systemd/user"
	flock -w 5 "$BACKSTAY_PATH/.backstay/lock" true || emit left "$BACKSTAY_PATH/.backstay/lock is held"
	flock -w 5 "$BACKSTAY_PATH/.backstay/step.lock" true || emit left "a process of a step"
}

is_guarded() {
	! crontab -l 2>/dev/null | grep -q "# backstay $run\$" || return 0
	for unit in "$HOME/.config/systemd/user/backstay-$run-"*; do
		[ ! -e "$unit" ] || return 0
	done
	return 1
}

main() {
	BACKSTAY_PATH=$2 run=$3
	run_dir=$BACKSTAY_PATH/.backstay/runs/$run
	case $1 in
	ready) say_ready ;;
	cut) injected ;;
	kill) kill_executor ;;
	said) say_left ;;
	esac
}

# an answer without its end is none
main "$@" && emit complete yes
