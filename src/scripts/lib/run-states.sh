# The state of every run on this machine, for the executor and for those who look. A few processes, however many runs
# there are.
# shellcheck shell=sh

# run_states FOLDER: for each run in it, newest first, a line `RUN STATE`. STATE is committed, rolled-back or stuck as its
# last record says, open where it has none, none where it never began.
run_states() {
	(
		cd "$1" 2>/dev/null || exit 0
		{
			for folder in */; do [ ! -d "$folder" ] || printf '%s\n' "$folder"; done
			grep -E '^[0-9]+ [0-9]+ [0-9]+ (start|ended|retry) ' /dev/null ./*/journal 2>/dev/null
		} | sed 's|^\./||' | awk -F '[/: ]' '
			!($1 in state) { state[$1] = "none" }
			$6 != "" { state[$1] = "open" }
			# a record that was cut within its word is none
			$6 == "ended" && NF > 7 { state[$1] = $7 }
			END { for (run in state) print run, state[run] }' | sort -r
	)
}
