# --- orders: why a running deploy is to be undone; the first reason counts

# A clock process wakes the executor twice a second while it waits for a script. It ends when the executor is gone,
# known by pid and start time, and holds no lock.
TICKED=
start_ticking() {
	[ -z "${TICKER-}" ] || return 0
	trap 'TICKED=yes' USR1
	stat_of $$ || return 1
	mine=$START
	(
		while nap 0.5 && stat_of $$ && [ "$START" = "$mine" ]; do kill -s USR1 $$ || break; done
	) </dev/null >/dev/null 2>&1 9>&- &
	TICKER=$!
}

stop_ticking() { [ -z "${TICKER-}" ] || kill "$TICKER" 2>/dev/null; }

# The runner's heartbeat, on this machine's clock. A beat of another boot is none.
lease_is_over() {
	if read -r beat boot <"$RUN_DIR/heartbeat" 2>/dev/null && [ -n "$boot" ]; then
		[ "$boot" != "$BOOT" ] || LAST_BEAT=$beat
	fi
	uptime_cs
	[ $((UP - LAST_BEAT)) -gt "$LEASE_CS" ]
}

# order_to_stop [LEASE]: sets ORDER and succeeds when there is a reason to give up. With LEASE the lease counts.
ORDER=
order_to_stop() {
	[ -z "$ORDER" ] || return 0
	if [ -s "$RUN_DIR/verdict" ] && read -r word kind text <"$RUN_DIR/verdict" && [ "$word" = abort ]; then
		ORDER="$kind $text"
	elif [ -n "${1-}" ] && lease_is_over; then
		ORDER="lost no sign of life from the runner for $((LEASE_CS / 100)) s"
	elif [ "$MAX_CS" -gt 0 ] && [ -n "$MAINTENANCE_ON" ] && uptime_cs && [ $((UP - MAINTENANCE_ON)) -gt "$MAX_CS" ]; then
		ORDER="max users saw maintenance for longer than $((MAX_CS / 100)) s (maintenance.max)"
	fi
	[ -n "$ORDER" ]
}

# While a script of the way forward runs: an order, or the step's own timeout, ends its session. Undo and finish are
# ended by their own timeout only.
watch_step() {
	if [ "$WATCHING" = forward ] && order_to_stop "$LEASE_WHILE_RUNNING"; then
		ENDING=order
	elif [ "$STEP_TIMEOUT_CS" -gt 0 ] && uptime_cs && [ $((UP - STEP_BEGAN)) -gt "$STEP_TIMEOUT_CS" ]; then
		ENDING=timeout
	fi
	[ -z "$ENDING" ] || end_session "$1" 50
}
