#!/bin/sh
# Users are sent to maintenance, and that is seen. Where it was on before this run it is left on at the end.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"

# On a first deploy nobody is served yet: the new version waits behind maintenance until it is committed.
first_deploy() {
	maintenance_on "$BACKSTAY_RELEASE"
	note "no version is live yet; the new one opens after the commit"
}

# Another secret holds there, or none, and the smoke test needs ours: the file is put back at the end.
remember_before() {
	[ ! -e "$BACKSTAY_STATE/was-open" ] && [ ! -e "$BACKSTAY_STATE/was-down" ] || return 0
	if maintenance_is_on "$BACKSTAY_LIVE"; then
		[ "$PRESET" != laravel ] || {
			(umask 077 && laravel "$BACKSTAY_LIVE" payload >"$BACKSTAY_SECRETS/down.before")
			sync "$BACKSTAY_SECRETS/down.before" 2>/dev/null || sync
		}
		: >"$BACKSTAY_STATE/was-down"
		note "was on before this run and stays on after it"
	else
		: >"$BACKSTAY_STATE/was-open"
	fi
}

main() {
	if [ -z "$BACKSTAY_LIVE" ]; then
		first_deploy
		return 0
	fi
	remember_before
	maintenance_on "$BACKSTAY_LIVE"
	# A release with a storage of its own is put down too, before anyone can reach it.
	if [ "$BACKSTAY_RELEASE" != "$BACKSTAY_LIVE" ] && [ "$PRESET" = laravel ] && ! maintenance_is_on "$BACKSTAY_RELEASE"; then
		maintenance_on "$BACKSTAY_RELEASE"
	fi
	[ ! -e "$BACKSTAY_LIVE/storage/framework/down" ] || sync "$BACKSTAY_LIVE/storage/framework/down" 2>/dev/null || sync
	fact maintenance on
	prove_maintenance
	if [ -e "$BACKSTAY_STATE/was-down" ]; then
		:
	elif [ -n "$URL" ]; then
		note "on, 503 proven"
	else
		note "on, as the app says (no url to look at)"
	fi
}

main
