# --- main

# What the link is told when the run does not begin: one line, complete or absent.
answer() {
	printf '%s\n' "$*" >"$RUN_DIR/answer.new" && mv "$RUN_DIR/answer.new" "$RUN_DIR/answer"
	exit 0
}

# Under the lock, before anything: no unfinished run, no stuck one, the key not used up, the world as it was planned for.
look_again() {
	for word in $(run_states "$ROOT/runs"); do
		other=$ROOT/runs/${word%%/*}
		case ${word#*/} in
		stuck) answer "stuck ${other##*/}" ;;
		committed | rolled-back) ;;
		none) # it never began
			rm -rf "$other"
			continue
			;;
		*) answer "unsettled ${other##*/}" ;;
		esac
		[ "${word#*/}" = committed ] && [ -f "$RUN_DIR/key" ] && [ -f "$other/key" ] || continue
		read -r key digest <"$RUN_DIR/key"
		read -r other_key other_digest <"$other/key"
		[ "$key" = "$other_key" ] || continue
		[ "$digest" = "$other_digest" ] || answer "key-changed ${other##*/}"
		answer "key ${other##*/}"
	done
	last=- current=-
	[ ! -f "$ROOT/last" ] || read -r last <"$ROOT/last"
	[ ! -L "$ROOT/../current" ] || current=$(readlink "$ROOT/../current")
	read -r planned_last <"$RUN_DIR/generation-last"
	read -r planned_current <"$RUN_DIR/generation-current"
	[ "$last" = "$planned_last" ] || answer "generation another run ($last) ended since this one was planned"
	[ "$current" = "$planned_current" ] || answer "generation current points to $current, not to $planned_current as when this run was planned"
}

# What came for a run that never began, its secrets included. What is being armed right now is younger.
sweep_incoming() { find "$ROOT/incoming" -mindepth 1 -maxdepth 1 -mmin +10 -exec rm -rf {} + 2>/dev/null || :; }

read_settings() {
	{
		# Recovery reads them before it can see whether they are whole.
		read -r LEASE_CS <"$RUN_DIR/settings/lease-cs" || LEASE_CS=12000
		read -r MAX_CS <"$RUN_DIR/settings/max-cs" || MAX_CS=0
		read -r GUARD <"$RUN_DIR/settings/guard" || GUARD=auto
		read -r lost <"$RUN_DIR/settings/lost" || lost=rollback
	} 2>/dev/null
	LEASE_WHILE_RUNNING=lease
	[ "$lost" = rollback ] || LEASE_WHILE_RUNNING=
	ACCEPTING= RETRYING= ENDING= WATCHING= STEP_TIMEOUT_CS=0 LAST_BEAT=$UP
}

run_main() {
	empty_journal
	take_lock || answer locked
	sweep_incoming
	look_again
	hash=$(sha256sum "$RUN_DIR/hashes") || answer "refused the plan's hashes cannot be read"
	plan_hash=${hash%% *}
	PLAN_HASH=$plan_hash
	verify_plan || answer "refused the plan arrived damaged on the target"
	incoming=$RUN_DIR
	[ ! -e "$ROOT/runs/$RUN" ] || answer "refused there is a run $RUN already"
	RUN_DIR=$ROOT/runs/$RUN
	mkdir -p "$ROOT/runs" && mv "$incoming" "$RUN_DIR" || answer "refused $ROOT/runs cannot be written"
	cd "$RUN_DIR" || exit 1
	JOURNAL=$RUN_DIR/journal
	mkdir -p log state
	if [ -f symlink ]; then
		[ ! -e "$ROOT/../current" ] || readlink -f "$ROOT/../current"
	else
		printf '%s\n' "${ROOT%/*}"
	fi >state/old
	read_settings
	empty_journal
	PLAN_HASH=$plan_hash
	# What no hash protects has to be on the disk: a power failure may leave it empty.
	set -- secrets/*
	[ -e "$1" ] || shift
	true >journal && reserve_space && prepare_last && sync_paths bundle.tar executor environment "$@" state/old last . "$ROOT/runs" "$ROOT" ||
		answer "refused the disk of $ROOT is full or cannot be synced"
	install_guard || answer "refused $NOTE"
	append start "$BOOT" "$PLAN_HASH" && append fact guard "$GUARDED" || {
		remove_guard
		rm -f journal
		answer "refused the journal cannot be written (disk full?)"
	}
	STARTED=yes START_BOOT=$BOOT
	if go_forward; then
		append commit
		case $? in
		0)
			COMMIT=yes
			finish committed
			return
			;;
		1) give_up commit "step the commit record cannot be written (disk full?)" ;;
		*)
			# It may be read later, or not: neither way is right before that is known.
			stuck commit "the commit record is written, but the disk does not sync"
			return 1
			;;
		esac
	fi
	go_back && finish rolled-back
}

recover_main() {
	take_lock || exit 75
	sweep_incoming
	mkdir -p "$RUN_DIR/log" "$RUN_DIR/state" 2>/dev/null
	read_settings
	recover
}

# A stuck run is taken up again where it stands. The guard comes first: from the next line on the run has no end.
retry_main() {
	take_lock || exit 75
	read_settings
	read_journal || exit 1
	[ "$ENDED" = stuck ] || exit 3
	one_line "$1"
	reserve_space || exit 1
	install_guard || :
	append retry "$LINE" || exit 1
	RETRYING=yes
	recover
}

accept_main() {
	case $1 in committed | rolled-back) ;; *) exit 2 ;; esac
	take_lock || exit 75
	read_settings
	read_journal || exit 1
	[ "$ENDED" = stuck ] || exit 3
	one_line "$2"
	ACCEPTED=$1 ACCEPTED_BY=$LINE
	install_guard || :
	append accept "$1" "$LINE" || exit 1
	take_word
}

# Everything but the recorded environment is left behind, so that a run behaves the same from ssh, cron and a terminal.
clean_start() {
	[ -z "${BACKSTAY_CLEAN-}" ] || return 0
	# shellcheck disable=SC1091
	. "$RUN_DIR/environment" || exit 1
	exec env -i BACKSTAY_CLEAN=1 PATH="$PATH" HOME="$HOME" USER="$USER" LOGNAME="$USER" SHELL="$SHELL" ${LANG:+"LANG=$LANG"} \
		sh "$RUN_DIR/executor" "$@"
}

main() {
	case ${1-} in
	child)
		shift
		child_main "$@"
		;;
	run | recover | retry | accept)
		clean_start "$@"
		cd / || exit 1
		set_wall_clock
		mode=$1
		shift
		"${mode}_main" "$@"
		exit
		;;
	*)
		printf '%s\n' 'usage: executor run | recover | retry WHO | accept committed|rolled-back WHO' >&2
		exit 2
		;;
	esac
}

main "$@"
