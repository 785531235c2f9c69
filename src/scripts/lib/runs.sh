# Runs on this machine, for those who only look: their state as the journal says it.
# shellcheck shell=sh disable=SC2034,SC2154

# One fact of a reply to the runner: name, tab, value on one line.
emit() {
	printf '%s\t' "$1"
	printf '%s' "$2" | sed -e 's/\\/\\\\/g' -e 's/	/\\t/g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
	printf '\n'
}

# each_run COMMAND: newest first, with run, run_dir, run_state and run_line (its last line) set. A state is committed,
# rolled-back, stuck, running, unsettled, or none for one that never began.
each_run() {
	for run in $(run_ids); do
		run_dir=$BACKSTAY_PATH/.backstay/runs/$run
		read_run_state
		"$1"
	done
}

run_ids() {
	for folder in "$BACKSTAY_PATH"/.backstay/runs/*/; do
		folder=${folder%/}
		[ ! -d "$folder" ] || printf '%s\n' "${folder##*/}"
	done | sort -r
}

read_run_state() {
	# the added line closes one that is torn: that says nothing
	run_line=$(printf '~\n' | cat "$run_dir/journal" - 2>/dev/null | grep -E '^[0-9]+ [0-9]+ [0-9]+ (start|ended|retry|accept) .*#[0-9]+$' | tail -n 1)
	case ${run_line#* * * } in
	'ended stuck '*) run_state=stuck ;;
	'ended committed '*) run_state=committed ;;
	'ended rolled-back '*) run_state=rolled-back ;;
	'') run_state=none ;;
	*) if flock -n "$BACKSTAY_PATH/.backstay/lock" true; then run_state=unsettled; else run_state=running; fi ;;
	esac
}

# say_run NAME: the run, its state, its plan.json and its journal, as one fact each.
say_run() {
	emit "$1" "$run $run_state"
	emit "$1-plan" "$(cat "$run_dir/plan.json" 2>/dev/null)"
	emit "$1-journal" "$(printf '~\n' | cat "$run_dir/journal" - 2>/dev/null)"
}
