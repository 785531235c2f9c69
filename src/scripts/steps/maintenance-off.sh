#!/bin/sh
# Users get the site back, and that is looked at. Where maintenance was on before the run it is left on.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"

if [ -z "$BACKSTAY_LIVE" ]; then
	note "no version is live"
	exit 0
fi
if [ -e "$BACKSTAY_STATE/was-down" ]; then
	[ ! -e "$BACKSTAY_SECRETS/down.before" ] || laravel "$BACKSTAY_LIVE" put-payload "$BACKSTAY_SECRETS/down.before"
	fact maintenance kept
	note "left on: it was on before this run"
	exit 0
fi
if maintenance_is_on "$BACKSTAY_LIVE"; then maintenance_off "$BACKSTAY_LIVE"; fi
until_true 10 maintenance_is_off "$BACKSTAY_LIVE" || fail "the app does not say that it is out of maintenance: can it start (its log, its database)?"
fact maintenance off
if [ -z "$URL" ]; then
	fact lifted not-seen
	note "off, as the app says (no url to look at)"
elif until_true 10 site_is_open; then
	fact lifted seen
	note "off, $SEEN seen"
else
	fact lifted not-seen
	note "lifted, but $URL/ still answers $SEEN"
fi
