# --- steps: forward, back, and to an end

# Facts that a script left for the journal: `name value`, names ours alone.
append_facts() {
	[ -s "$RUN_DIR/facts" ] || return 0
	size=$(wc -c <"$RUN_DIR/facts") && [ "$size" -le 65536 ] || {
		rm -f "$RUN_DIR/facts"
		append warning "a step reported more facts than can be read"
		return
	}
	while read -r name value; do
		case $name in *[!a-z-]* | '') continue ;; esac
		one_line "$value"
		append fact "$name" "$LINE" || return 1
		case $name-$value in
		maintenance-on) MAINTENANCE_ON=$UP ;;
		maintenance-off) MAINTENANCE_ON= ;;
		esac
	done <"$RUN_DIR/facts"
	rm -f "$RUN_DIR/facts"
}

# prepare_watch DIRECTION FOLDER: what limits the script that is run next. An undo has a limit of its own, or none.
prepare_watch() {
	limit=$2/timeout
	[ "$1" != back ] || limit=$2/undo-timeout
	WATCHING=$1 STEP_TIMEOUT_CS=0
	[ ! -f "$limit" ] || read -r STEP_TIMEOUT_CS <"$limit"
	uptime_cs
	STEP_BEGAN=$UP
}

# Every step in order. Sets ABORT when the run is to be undone.
go_forward() {
	for dir in "$RUN_DIR"/steps/*/; do
		[ -d "$dir" ] || continue
		dir=${dir%/}
		id=${dir##*/}
		if order_to_stop "$LEASE_WHILE_RUNNING"; then
			give_up "$id" "$ORDER"
			return 1
		fi
		if [ -f "$dir/only-if" ] && read -r condition <"$dir/only-if" && [ ! -e "$RUN_DIR/state/if-$condition" ]; then
			append skip "$id" || :
			continue
		fi
		begin_verifying
		append begin "$id" || {
			give_up "$id" "step the journal cannot be written (disk full?)"
			return 1
		}
		BEGUN="$id $BEGUN"
		prepare_watch forward "$dir"
		spawn "$dir" do "$id"
		rc=$RC
		append_facts && append end "$id" "$rc" "$NOTE" || rc=1 NOTE="the journal cannot be written (disk full?)"
		went_well || return 1
	done
	await_verdict && look_last
}

# After spawn, with `rc`: one that was told to end is not done, whatever it says.
went_well() {
	[ "$rc" -ne 0 ] || [ -n "$ENDING" ] || return 0
	case $ENDING in
	order) give_up "$id" "$ORDER" ;;
	timeout) give_up "$id" "step it took longer than its timeout of $((STEP_TIMEOUT_CS / 100)) s" ;;
	*) give_up "$id" "step exit $rc${NOTE:+: $NOTE}" ;;
	esac
	return 1
}

# What a step has kept to look at until after the verdict, since the runner's own checks take their time. It changes nothing, so it
# has no records of its own: until the commit record every crash means back.
look_last() {
	for dir in "$RUN_DIR"/steps/*/; do
		dir=${dir%/}
		id=${dir##*/}
		[ -f "$dir/last" ] || continue
		case " $BEGUN" in *" $id "*) ;; *) continue ;; esac
		prepare_watch forward "$dir"
		spawn "$dir" last "$id.last"
		rc=$RC
		append_facts || rc=1 NOTE="the journal cannot be written (disk full?)"
		went_well || return 1
	done
}

# give_up STEP KIND TEXT…
give_up() {
	[ -z "$ABORT" ] || return 0
	step=$1
	shift
	one_line "$*"
	ABORT="${LINE%% *} $step ${LINE#* }"
	append abort "$ABORT" || :
}

# All steps are done; the runner decides, and silence means no. Here the lease always counts.
await_verdict() {
	append await || {
		give_up await "step the journal cannot be written (disk full?)"
		return 1
	}
	pause=0.01 polls=0
	until [ -s "$RUN_DIR/verdict" ]; do
		order_to_stop lease && break
		polls=$((polls + 1))
		[ "$polls" -lt 50 ] || pause=0.1
		nap $pause
	done
	if ! order_to_stop && read -r word run <"$RUN_DIR/verdict" && [ "$word" = commit ] && [ "$run" = "$RUN" ]; then
		append verdict commit || :
		return 0
	fi
	give_up await "${ORDER:-step the verdict cannot be read}"
	return 1
}

# One undo. Where somebody has killed it, and not it has failed, it is run again: it is right for whatever was done by then.
undo_step() {
	runs_left=3
	while :; do
		append undo "$1" || :
		prepare_watch back "$RUN_DIR/steps/$1"
		spawn "$RUN_DIR/steps/$1" undo "$1.undo" && [ -z "$ENDING" ] && return 0
		runs_left=$((runs_left - 1))
		[ "$RC" -gt 128 ] && [ -z "$ENDING" ] && [ "$runs_left" -gt 0 ] && end_left_over || return 1
	done
}

# Back: every begun step in strict reverse, each undo idempotent. Then the record after which nothing is restored again.
go_back() {
	verify_plan || {
		stuck plan "the plan's files on the target do not match their hashes"
		return 1
	}
	for id in $BEGUN; do
		case " $UNDONE " in *" $id "*) continue ;; esac
		[ -f "$RUN_DIR/steps/$id/undo" ] || continue
		undo_step "$id" || {
			[ -z "$ENDING" ] || NOTE="it took longer than its timeout of $((STEP_TIMEOUT_CS / 100)) s"
			[ "$RC" -ne 0 ] || RC=124
			one_line "$NOTE"
			NOTE=$LINE
			append undo-failed "$id" "$RC" "$NOTE" || :
			stuck "$id" "the undo of ${id#*-} failed with exit $RC${NOTE:+: $NOTE}"
			return 1
		}
		append_facts || :
		append undone "$id" 0 "$NOTE" || :
		UNDONE="$UNDONE $id"
	done
	append restored || {
		stuck restored "the restored record cannot be written (disk full?)"
		return 1
	}
	RESTORED=yes
}

# The hook `before-NAME` is another step than NAME.
begun() { case " $BEGUN" in *" "[0-9]*[0-9]-"$1 "*) return 0 ;; *) return 1 ;; esac }

# What follows the decision, in either direction: maintenance off, workers on, hooks, retention.
finish() {
	BACKSTAY_DIRECTION=$1
	export BACKSTAY_DIRECTION
	for dir in "$RUN_DIR"/finish/*/; do
		[ -d "$dir" ] || continue
		dir=${dir%/}
		id=${dir##*/}
		after=$(cat "$dir/after")
		[ "$after" = either ] || [ "$after" = "$1" ] || continue
		if [ -f "$dir/only-if-begun" ] && ! begun "$(cat "$dir/only-if-begun")"; then continue; fi
		required=
		[ ! -f "$dir/required" ] || required=yes
		attempts=${required:+3}
		attempts=${attempts:-1}
		while :; do
			append finish "$id" || :
			prepare_watch finish "$dir"
			spawn "$dir" do "finish-$id"
			rc=$RC
			append_facts || :
			append finished "$id" "$rc" "$NOTE" || :
			[ "$rc" -ne 0 ] || break
			attempts=$((attempts - 1))
			[ "$attempts" -gt 0 ] || break
			nap 1
		done
		[ "$rc" -eq 0 ] || [ -z "$required" ] || [ -n "$ACCEPTING" ] || {
			stuck "$id" "${id#*-} failed three times with exit $rc${NOTE:+: $NOTE}"
			return 1
		}
	done
	end_run "$1" "$ABORT"
}

# end_run committed|rolled-back|stuck TEXT: the last record. Before it who is to be told is told.
end_run() {
	tell "$@"
	[ "$1" = stuck ] || record_last || { rm -f "$RUN_DIR/ballast" && record_last; } || return 1
	append ended "$@" || return 1
	clean_up "$1"
}

# The next plan is made for this run's end; so it counts as one only with this. What it will say is written down at the start,
# when there is space.
prepare_last() { printf '%s\n' "$RUN" 2>/dev/null >"$RUN_DIR/last"; }

record_last() {
	[ -s "$RUN_DIR/last" ] || { read -r last 2>/dev/null <"$ROOT/last" && [ "$last" = "$RUN" ]; } || prepare_last || return 1
	[ ! -s "$RUN_DIR/last" ] || mv "$RUN_DIR/last" "$ROOT/last"
}

# The guard goes last: until then it would bring this about as well. It does no harm where it cannot be removed.
clean_up() {
	[ "$1" = stuck ] || rm -rf "$RUN_DIR/secrets" "$RUN_DIR/bundle.tar" "$RUN_DIR/upload"
	rm -f "$RUN_DIR/ballast" "$RUN_DIR/step.pid" "$RUN_DIR/heartbeat" "$RUN_DIR/note" "$RUN_DIR/facts"
	remove_guard || printf '%s\n' "the guard could not be removed: what names $RUN in crontab -e and in ~/.config/systemd/user" >&2
}

# Neither state was reached: nothing more is touched, and somebody is told.
stuck() {
	at=$1
	one_line "$2"
	end_run stuck "$at" "$LINE" || :
	return 1
}

# Twice is better than not, but not at every minute of a guard that cannot write down the end: where the journal takes no
# line, somebody is told when its last one is 0, 1, 2, 4, 8, … minutes old.
tell() {
	[ -f "$RUN_DIR/notify/do" ] && [ -f "$RUN_DIR/notify/on-$1" ] && [ "$NOTIFIED" != "$1" ] || return 0
	[ "$QUIET_MIN" -eq 0 ] || append recover "$BOOT" || [ $((QUIET_MIN & (QUIET_MIN - 1))) -eq 0 ] || return 0
	prepare_watch notify "$RUN_DIR/notify"
	BACKSTAY_OUTCOME=$1 BACKSTAY_REASON=${3:-$2}
	export BACKSTAY_OUTCOME BACKSTAY_REASON
	spawn "$RUN_DIR/notify" do notify
	append notified "$1" "$RC" || :
}
