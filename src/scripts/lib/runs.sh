# Runs on this machine, for those who only look: their state as the journal says it. It follows run-states.sh.
# shellcheck shell=sh disable=SC2034,SC2154

# One fact of a reply to the runner: name, tab, value on one line.
emit() {
	case $2 in
	*[!\ -~]* | *\\*) ;;
	*)
		printf '%s\t%s\n' "$1" "$2"
		return
		;;
	esac
	printf '%s\t' "$1"
	printf '%s' "$2" | sed -e 's/\\/\\\\/g' -e 's/	/\\t/g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
	printf '\n'
}

# each_run COMMAND: newest first, with run, run_dir and run_state set. A state is committed, rolled-back, stuck, running,
# unsettled, or none for one that never began.
each_run() {
	for word in $(run_states "$BACKSTAY_PATH/.backstay/runs"); do
		run=${word%%/*} run_state=${word#*/}
		run_dir=$BACKSTAY_PATH/.backstay/runs/$run
		case $run_state in committed | rolled-back | stuck | none) ;; *)
			if flock -n "$BACKSTAY_PATH/.backstay/lock" true; then run_state=unsettled; else run_state=running; fi
			;;
		esac
		"$1"
	done
}

# say_run NAME: the run, its state, its plan.json and its journal, as one fact each.
say_run() {
	emit "$1" "$run $run_state"
	emit "$1-plan" "$(cat "$run_dir/plan.json" 2>/dev/null)"
	emit "$1-journal" "$(printf '~\n' | cat "$run_dir/journal" - 2>/dev/null)"
}
