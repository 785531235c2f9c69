#!/bin/sh
# The new release itself is asked what it has to migrate; that decides whether users see maintenance.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"

if [ -n "${ROLLBACK-}" ]; then
	# Data is brought back, whatever the app says, and never while users are served.
	count=0 WHEN=always
elif [ "$PRESET" = laravel ]; then
	cd "$BACKSTAY_RELEASE"
	with_env "$PHP" "$BACKSTAY_DIR/lib/laravel.php" pending >"$BACKSTAY_STATE/migrations"
	sed -n 's/^pending	//p' "$BACKSTAY_STATE/migrations" >"$BACKSTAY_STATE/pending"
	if [ -f "$BACKSTAY_STEP_DIR/ran.expected" ]; then
		sed -n 's/^ran	//p' "$BACKSTAY_STATE/migrations" >"$BACKSTAY_STATE/ran"
		cmp -s "$BACKSTAY_STEP_DIR/ran.expected" "$BACKSTAY_STATE/ran" || fail "migrations have run since this deploy was planned: somebody else migrates. Deploy again"
	fi
	count=$(awk 'END { print NR }' "$BACKSTAY_STATE/pending")
	# what a drill brings along is pending, whatever the app says
	[ -z "${DRILL-}" ] || count=1
elif [ -n "$MIGRATES" ]; then
	count=1 # another app does not tell: it may
else
	count=0
fi
fact pending "$count"
if [ "$count" -gt 0 ]; then : >"$BACKSTAY_STATE/if-pending"; fi
case $WHEN in
always) : >"$BACKSTAY_STATE/if-down" ;;
pending) [ "$count" -eq 0 ] || : >"$BACKSTAY_STATE/if-down" ;;
esac
if [ -n "${ROLLBACK-}" ]; then
	note "data is brought back in maintenance"
elif [ "$count" -eq 0 ]; then
	note "no migrations pending"
elif [ -n "${DRILL-}" ]; then
	note "the drill's own change will run"
elif [ "$PRESET" = laravel ]; then
	note "$count pending: $(head -n 3 "$BACKSTAY_STATE/pending" | tr '\n' ' ')"
else
	note "the migration will run"
fi
