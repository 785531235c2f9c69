# --- orders: why a running deploy is to be undone; the first reason counts

# The runner's heartbeat, on this machine's clock. A beat of another boot is none.
lease_is_over() {
	if read -r beat boot 2>/dev/null <"$RUN_DIR/heartbeat" && [ -n "$boot" ]; then
		[ "$boot" != "$BOOT" ] || LAST_BEAT=$beat
	fi
	uptime_cs
	[ $((UP - LAST_BEAT)) -gt "$LEASE_CS" ]
}

# order_to_stop [LEASE]: sets ORDER and succeeds when there is a reason to give up. With LEASE the lease counts.
ORDER= REASON=
order_to_stop() {
	[ -z "$ORDER" ] || return 0
	if [ -s "$RUN_DIR/verdict" ] && read -r word _ <"$RUN_DIR/verdict" && [ "$word" = abort ]; then
		REASON=11
	elif [ -n "${1-}" ] && lease_is_over; then
		REASON=12
	elif [ "$MAX_CS" -gt 0 ] && [ -n "$MAINTENANCE_ON" ] && uptime_cs && [ $((UP - MAINTENANCE_ON)) -gt "$MAX_CS" ]; then
		REASON=13
	else
		return 1
	fi
	name_order
}

name_order() {
	case $REASON in
	11)
		read -r word kind text <"$RUN_DIR/verdict"
		ORDER="$kind $text"
		;;
	12) ORDER="lost no sign of life from the runner for $((LEASE_CS / 100)) s" ;;
	13) ORDER="max users saw maintenance for longer than $((MAX_CS / 100)) s (maintenance.max)" ;;
	esac
}

# While a script of the way forward runs: an order, or the step's own timeout, ends its session. Undo and finish are
# ended by their own timeout only, and what gives data back has none: half of it is worse than a long wait. This is a
# process of its own that says what it did by its exit status and ends with the executor, known by pid and start time. It
# holds no lock.
start_watch() {
	WATCHER=
	[ "$WATCHING" = forward ] || [ "$STEP_TIMEOUT_CS" -gt 0 ] || return 0
	watch_step "$1" </dev/null >/dev/null 2>&1 9>&- &
	WATCHER=$!
}

watch_step() {
	stat_of $$ || exit 0
	mine=$START
	while nap 0.5 && stat_of $$ && [ "$START" = "$mine" ]; do
		if [ "$WATCHING" = forward ] && order_to_stop "$LEASE_WHILE_RUNNING"; then
			:
		elif [ "$STEP_TIMEOUT_CS" -gt 0 ] && uptime_cs && [ $((UP - STEP_BEGAN)) -gt "$STEP_TIMEOUT_CS" ]; then
			REASON=14
		else
			continue
		fi
		trap '' TERM
		end_session "$1" 500
		exit "$REASON"
	done
	exit 0
}

# Sets ENDING when the script was told to end: order or timeout.
end_watch() {
	ENDING=
	[ -n "$WATCHER" ] || return 0
	kill "$WATCHER" 2>/dev/null
	wait "$WATCHER" 2>/dev/null
	REASON=$?
	case $REASON in
	11 | 12 | 13)
		ENDING=order
		name_order
		;;
	14) ENDING=timeout ;;
	esac
}
