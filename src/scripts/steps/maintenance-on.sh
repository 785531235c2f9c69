#!/bin/sh
# Users are sent to maintenance, and that is seen. Where it was on before this run it is left on at the end.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"

if [ -z "$BACKSTAY_LIVE" ]; then # first deploy: nobody is served yet
	note "no version is live yet"
	exit 0
fi
if [ ! -e "$BACKSTAY_STATE/was-open" ] && maintenance_is_on "$BACKSTAY_LIVE"; then
	: >"$BACKSTAY_STATE/was-down"
	note "was on before this run and stays on after it"
else
	: >"$BACKSTAY_STATE/was-open"
fi
# What was on before has another secret, or none: the smoke test needs ours, so the file is written anew, and the old one
# put back at the end.
if [ -e "$BACKSTAY_STATE/was-down" ] && [ "$PRESET" = laravel ] && [ ! -e "$BACKSTAY_STATE/down.before" ]; then
	cp -p "$BACKSTAY_LIVE/storage/framework/down" "$BACKSTAY_STATE/down.before" 2>/dev/null || :
fi
fact maintenance on
maintenance_on "$BACKSTAY_LIVE"
# The new release has a storage of its own: it is put down too, before anyone can reach it.
if [ "$BACKSTAY_RELEASE" != "$BACKSTAY_LIVE" ] && [ "$PRESET" = laravel ] && ! maintenance_is_on "$BACKSTAY_RELEASE"; then
	maintenance_on "$BACKSTAY_RELEASE"
fi
sync "$BACKSTAY_LIVE/storage/framework/down" 2>/dev/null || sync
prove_maintenance
if [ -n "$URL" ]; then note "on, 503 proven"; else note "on, as the app says (no url to look at)"; fi
