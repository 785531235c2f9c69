#!/bin/sh
# Once the run is decided: the account is let in again and events run again, those that were stopped and are still there.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	open_fence
	[ -e "$state/events-stopped" ] || return 0
	# the same statement with the other word: nothing but what was stopped is started
	sed 's/ DISABLE;$/ ENABLE;/' "$state/events.stop" >"$state/events.wanted"
	write_sql start-events "$live" "$live" | grep -xF -f "$state/events.wanted" | sql "$live"
	rm -f "$state/events-stopped"
}

main
