# What a drill runs in place of the app's own migration: a throwaway change through the app's own connections, and then the failure
# that is rehearsed. Without a framework it is the app's own command, and then the failure. Files: `point`, `connections`, drill.php
# or `own-command`.
# shellcheck shell=sh
. "$BACKSTAY_DIR/params"
IFS= read -r point <"$BACKSTAY_STEP_DIR/point"
# Longer than any lease or watch that a drill waits for; then the injection did not bite.
HOLD_S=180

injected() { date +%s%N >"$BACKSTAY_STATE/drill-injected"; }

# The half-made change, left open in a process of its own: what is killed is killed in the middle of it.
start_change() {
	if [ -f "$BACKSTAY_STEP_DIR/own-command" ]; then
		sh -eu "$BACKSTAY_STEP_DIR/own-command"
		: >"$BACKSTAY_STATE/drill-ready"
		sleep "$HOLD_S" &
	else
		# shellcheck disable=SC2046 # names and connections have no blanks
		"$PHP" "$BACKSTAY_STEP_DIR/drill.php" change "$1" "$BACKSTAY_STATE" $(cat "$BACKSTAY_STEP_DIR/connections") &
	fi
	change=$!
}

# Until the change stands half-made, or its process has ended.
await_change() {
	until [ -e "$BACKSTAY_STATE/drill-ready" ] || ! kill -0 "$change" 2>/dev/null; do sleep 0.1; done
}

await_end() {
	status=0
	wait "$change" || status=$?
	exit "$status"
}

case $point in
migration-throws | smoke-fails | disk-full)
	if [ -f "$BACKSTAY_STEP_DIR/own-command" ]; then
		sh -eu "$BACKSTAY_STEP_DIR/own-command"
		: >"$BACKSTAY_STATE/drill-ready"
		case $point in
		migration-throws)
			injected
			echo "Error: backstay drill: the migration fails half-way" >&2
			exit 1
			;;
		disk-full)
			injected
			head -c 65536 /dev/zero >/dev/full
			;;
		esac
		exit 0
	fi
	start_change "$point"
	await_end
	;;
migration-killed)
	start_change hold
	await_change
	injected
	kill -s KILL "$change"
	await_end
	;;
runner-lost | executor-killed)
	start_change hold
	await_end
	;;
connection-dropped)
	start_change "$point"
	until [ -s "$BACKSTAY_STATE/drill-session" ] || ! kill -0 "$change" 2>/dev/null; do sleep 0.1; done
	sleep 1
	injected
	# shellcheck disable=SC2046
	"$PHP" "$BACKSTAY_STEP_DIR/drill.php" cut $(cat "$BACKSTAY_STATE/drill-session")
	await_end
	;;
esac
