# The runner's line to one run on this machine. Lines that come in are beats and the verdict; lines that go out are the
# journal and what belongs to it:
#
#   !plan JSON · !answer WORD … (the run did not begin) · !dead (nobody works on it) · !end (its last record is out)
#   !unwritten (the verdict did not get onto the disk)
#   ~ TEXT (newest output of the running step) · | TEXT (last lines of a failed one) · . (still here) · journal lines
#
# usage: link arm PATH                            waits for a line `RUN BLOCKS SHA256`, then the plan in blocks of 4096 bytes
#        link follow|recover PATH RUN FROM        from the journal line after FROM on
#        link retry PATH RUN FROM WHO             a stuck run is tried again
#        link accept PATH RUN FROM STATE WHO      a person's word for a stuck run
# shellcheck disable=SC2015
# shellcheck shell=sh
# It changes nothing by itself: the executor does, and goes on when this line is cut. Before this comes lib/user-manager.sh.
set -eu
umask 077
LC_ALL=C
export LC_ALL
mode=$1 path=$2 run=${3-}
# A line that is opened ahead learns its run when there is one; if there is none, it ends without a trace.
[ "$mode" != arm ] || read -r run blocks digest || exit 0
root=$path/.backstay
dir=$root/runs/$run
read -r boot </proc/sys/kernel/random/boot_id
from=0 stale=0 executor=

uptime_cs() {
	read -r up_now _ </proc/uptime
	UP=${up_now%.*}${up_now#*.}
}

# In place, so that a full disk does not look like a dead runner.
beat() {
	uptime_cs
	printf '%s %s\n' "$UP" "$boot" 1<>"$1/heartbeat"
}

# A shell word of any text, for the recorded environment.
quoted() {
	case $1 in
	*\'*) printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
	*) printf "'%s'" "$1" ;;
	esac
}

# Starts the executor in a session of its own; it survives this line. Where logind ends everything with the login, the user's own
# systemd takes the process over.
start() {
	where=$1
	shift
	set -- sh "$where/executor" "$@"
	if login_ends_all && manager_stays; then
		name_manager
		if timeout 10 systemd-run --user --scope --quiet true 2>/dev/null; then set -- systemd-run --user --scope --quiet "$@"; fi
	fi
	setsid "$@" </dev/null >>"$where/executor.log" 2>&1 &
	executor=$!
}

arm() {
	incoming=$root/incoming/$run
	# the folders are there but for the first time
	{ [ -d "$root/incoming" ] || { mkdir -p "$root" && chmod 700 "$root" && mkdir -p "$root/incoming"; }; } 2>/dev/null &&
		mkdir "$incoming" 2>/dev/null || {
		printf '%s\n' "!answer refused $incoming cannot be made"
		exit 0
	}
	dd bs=4096 count="$blocks" iflag=fullblock of="$incoming/bundle.tar" 2>/dev/null || :
	sum=$(sha256sum "$incoming/bundle.tar")
	if [ "${sum%% *}" != "$digest" ] || ! tar -xf "$incoming/bundle.tar" -C "$incoming" 2>/dev/null; then
		rm -rf "$incoming"
		printf '%s\n' "!answer refused the plan did not arrive whole (is the disk of $path full?)"
		exit 0
	fi
	for name in PATH HOME USER SHELL LANG; do
		eval "value=\${$name-}"
		# shellcheck disable=SC2154
		printf '%s=%s\n' "$name" "$(quoted "$value")"
	done >"$incoming/environment"
	[ -n "${USER-}" ] || printf 'USER=%s\n' "$(quoted "$(id -un)")" >>"$incoming/environment"
	beat "$incoming"
	start "$incoming" run
	until has_begun; do
		if [ -s "$incoming/answer" ] || [ -s "$dir/answer" ]; then
			cat "$incoming/answer" "$dir/answer" 2>/dev/null | sed 's/^/!answer /'
			rm -rf "$incoming"
			[ -s "$dir/journal" ] || rm -rf "$dir"
			exit 0
		fi
		kill -0 "$executor" 2>/dev/null || [ -s "$dir/journal" ] || [ -s "$incoming/answer" ] || [ -s "$dir/answer" ] || {
			printf '%s\n' "!answer refused the executor ended at once: $(cat "$incoming/executor.log" "$dir/executor.log" 2>/dev/null | tail -n 3 | tr '\n' ' ')"
			# Killed before its first record: nothing began, and recovery takes away what is there of it, the guard too.
			[ ! -e "$dir/executor" ] || sh "$dir/executor" recover </dev/null >/dev/null 2>&1 || :
			rm -rf "$incoming"
			exit 0
		}
		nap 0.01
	done
}

# A journal whose first line is whole.
has_begun() { [ -s "$dir/journal" ] && read -r _ <"$dir/journal"; } 2>/dev/null

nap() { sleep "$1" 2>/dev/null || sleep 1; }

# The first verdict wins: a file that is made once. On a full disk there is space that was kept for the way to an end.
verdict() {
	write_verdict "$*" || { rm -f "$dir/ballast" && write_verdict "$*"; } || kill -s USR1 "$$"
	rm -f "$dir/verdict.$$"
}

write_verdict() {
	printf '%.1000s\n' "$1" >"$dir/verdict.$$" || return 1
	sync "$dir/verdict.$$" 2>/dev/null || :
	ln "$dir/verdict.$$" "$dir/verdict" 2>/dev/null || [ -s "$dir/verdict" ]
}

# What the runner says. Its silence is for the executor to judge.
listen() {
	while IFS= read -r line; do
		case $line in
		beat) beat "$dir" || : ;;
		commit) verdict commit "$run" ;;
		'abort '*) verdict "$line" ;;
		esac
	done
	kill "$$" 2>/dev/null || :
}

# The newest line of what the running script prints, bounded and without control characters.
newest_line() { tail -c 2000 "$dir/log/$1.log" 2>/dev/null | tr '\r' '\n' | tr '\000-\011\013-\037\177' ' ' | grep -v '^ *$' | tail -n 1 | cut -b 1-300; }

last_lines() { tail -c 20000 "$dir/log/$1.log" 2>/dev/null | tr '\000-\011\013-\037\177' ' ' | tail -n 40 | cut -b 1-1000 | sed 's/^/| /'; }

somebody_works() {
	if [ -n "$executor" ] && kill -0 "$executor" 2>/dev/null; then return 0; fi
	if flock -n "$root/lock" true; then return 1; fi
}

follow() {
	[ ! -f "$dir/plan.json" ] || {
		printf '!plan '
		cat "$dir/plan.json"
		printf '\n'
	}
	running='' shown='' partial='' alone='' over='' idle=0 ticks=0 pause=0.01
	exec 4<"$dir/journal"
	while :; do
		while IFS= read -r line <&4 || {
			partial=$partial$line
			false
		}; do
			line=$partial$line partial='' alone='' idle=0 pause=0.01
			seq=${line%% *}
			case $seq in '' | *[!0-9]*) continue ;; esac
			new=''
			[ "$seq" -le "$from" ] || {
				new=yes
				printf '%s\n' "$line"
			}
			fact=${line#* * * }
			name=${fact#* }
			name=${name%% *}
			case $fact in
			'begin '*) running=$name ;;
			'undo '*) running=$name.undo ;;
			'finish '*) running=finish-$name ;;
			'end '*' 0 '* | 'undone '* | 'finished '*' 0 '*) running='' ;;
			'end '* | 'undo-failed '* | 'finished '*)
				[ -z "$new" ] || last_lines "$running"
				running=''
				;;
			'ended '*) ! is_whole "$line" || [ "$seq" -le "$stale" ] || over=yes ;;
			'retry '* | 'accept '*) over='' ;;
			esac
		done
		[ -z "$over" ] || {
			printf '!end\n'
			return 0
		}
		nap $pause
		ticks=$((ticks + 1)) idle=$((idle + 1))
		[ "$idle" -lt 25 ] || pause=0.2
		[ $((ticks % 5)) -eq 0 ] && [ "$idle" -ge 25 ] || continue
		if [ -n "$running" ]; then
			now=$(newest_line "$running")
			[ "$now" = "$shown" ] || printf '~ %s\n' "$now"
			shown=$now
		fi
		[ $((ticks % 25)) -ne 0 ] || printf '.\n'
		somebody_works || {
			# It may have written between our last look at the journal and this one.
			[ "$alone" ] || {
				alone=yes
				continue
			}
			# A stuck run that could not be tried again is where it was.
			if [ "$stale" -gt 0 ] && [ "$(last_seq)" -eq "$stale" ]; then printf '!end\n'; else printf '!dead\n'; fi
			return 0
		}
		alone=''
	done
}

# Only an end is worth the two processes: a torn one is none.
is_whole() {
	sum=$(printf %s "${1% \#*}" | cksum)
	[ "${1##* \#}" = "${sum%% *}" ]
}

# The number of the journal's last line.
last_seq() {
	last=$(tail -n 1 "$dir/journal" 2>/dev/null) || :
	last=${last%% *}
	case $last in '' | *[!0-9]*) last=0 ;; esac
	printf %s "$last"
}

# A stuck run is taken up again: what its journal said until now is no end any more.
start_stuck() {
	stale=$(last_seq)
	start "$dir" "$@"
}

gone() {
	printf '%s\n' "!answer gone there is no run $run"
	exit 0
}

case $mode in
arm) ;;
*) [ -s "$dir/journal" ] || gone ;;
esac
case $mode in
arm) arm ;;
follow) from=$4 ;;
recover)
	from=$4
	start "$dir" recover
	;;
retry)
	from=$4
	start_stuck retry "$5"
	;;
accept)
	from=$4
	start_stuck accept "$5" "$6"
	;;
esac
[ -s "$dir/journal" ] || gone
exec 3<&0
trap 'printf "!unwritten\n"' USR1
listen <&3 >/dev/null 2>&1 &
listener=$!
# Neither outlives the other, whichever end of the line breaks first.
trap 'kill "$listener" 2>/dev/null || :' EXIT
trap 'exit 0' TERM HUP PIPE
follow
