# What status, history, logs and backup ask for. It follows lib/runs.sh, lib/archive.sh and lib/backups.sh in one script and changes
# nothing of the app.
#
# usage: look runs PATH LIMIT        the newest runs with plan and journal
#        look logs PATH RUN STEP     what the scripts of a run printed; RUN and STEP may be empty
#        look backups PATH           what there is to restore from
#        look verify PATH RUN/NAME…  the same, once these archives were read to their ends and what was found is written beside them
# shellcheck shell=sh disable=SC2154
set -u
umask 077
LC_ALL=C

say_one() {
	[ "$left" -gt 0 ] || return 0
	left=$((left - 1))
	[ "$run_state" = none ] || say_run run
}

# The logs of one run: the newest, or the one that was asked for.
say_logs() {
	case $wanted in '' | "$run") ;; *) return 0 ;; esac
	wanted=-
	emit run "$run $run_state"
	for log in "$run_dir"/log/*.log; do
		[ -f "$log" ] || continue
		name=${log##*/}
		name=${name%.log}
		plain=${name#finish-}
		plain=${plain%.undo}
		case $step in '' | "$name" | "$plain" | "${plain#[0-9][0-9]-}") ;; *) continue ;; esac
		emit log "$name"
		emit text "$(tail -c 4000000 "$log")"
	done
}

verify() {
	for one in "$@"; do
		folder=$BACKSTAY_PATH/.backstay/copies/$one
		[ -d "$folder" ] || continue
		faults=$(archive_faults "$folder")
		printf '%s' "${faults:+$faults
}" | archive_mark "$folder" hashes || printf '%s\n' "what was found of $one cannot be written beside it" >&2
	done
}

main() {
	BACKSTAY_PATH=$2
	[ -d "$BACKSTAY_PATH/.backstay/runs" ] || return 0
	[ -r "$BACKSTAY_PATH/.backstay/runs" ] || {
		printf '%s\n' "$BACKSTAY_PATH/.backstay belongs to another user" >&2
		return 1
	}
	case $1 in
	runs)
		left=$3
		each_run say_one
		;;
	logs)
		wanted=$3 step=$4
		each_run say_logs
		;;
	backups) say_backups ;;
	verify)
		shift 2
		verify "$@" && say_backups
		;;
	esac
}

# an answer without its end is none
main "$@" && emit complete yes
