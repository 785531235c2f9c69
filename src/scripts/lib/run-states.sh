# The state of every run on this machine, for the executor, for retention and for those who look. Three processes, however
# many runs there are.
# shellcheck shell=sh

# run_states FOLDER: for each run in it, newest first, a line `RUN/STATE`. STATE is committed, rolled-back or stuck as its
# last record says, open where it has none, none where it never began. A line without its end is torn and says nothing.
run_states() {
	(
		cd "$1" 2>/dev/null || exit 0
		set --
		for folder in ./*/; do
			if [ -s "${folder}journal" ]; then
				set -- "$@" "${folder}journal"
			elif [ -d "$folder" ]; then
				folder=${folder%/}
				printf '%s/none\n' "${folder#./}"
			fi
		done
		# each journal is one record
		[ $# -eq 0 ] || awk 'BEGIN { RS = "\001" }
			{
				split(FILENAME, path, "/")
				count = split($0, lines, "\n")
				state = count > 1 ? "open" : "none"
				for (number = 1; number < count; number++) {
					if (lines[number] !~ /^[0-9]+ [0-9]+ [0-9]+ (start|ended|retry|accept) .*#[0-9]+$/) continue
					split(lines[number], words, " ")
					state = words[4] == "ended" ? words[5] : "open"
				}
				print path[2] "/" state
			}' "$@"
	) | sort -r
}

# has_ended RUN: whether it is committed or rolled back, by what run_states had said: STATES. One that is not there any more has
# long ended.
has_ended() {
	case $STATES in *"$1/"*) ;; *) return 0 ;; esac
	printf '%s\n' "$STATES" | grep -qx -e "$1/committed" -e "$1/rolled-back"
}
