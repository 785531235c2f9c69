# Maintenance: on, off, and what is seen of it. Laravel through its own command, another app through its own scripts
# (`on`, `off`, `check` in lib/maintenance/).
# shellcheck shell=sh disable=SC2154

. "$BACKSTAY_DIR/lib/http.sh"

laravel() { (cd "$1" && shift && with_env "$PHP" "$BACKSTAY_DIR/lib/laravel.php" "$@"); }

own_command() { (cd "${BACKSTAY_LIVE:-$BACKSTAY_RELEASE}" && with_env sh -eu "$BACKSTAY_DIR/lib/maintenance/$1"); }

maintenance_on() {
	if [ "$PRESET" = laravel ]; then
		laravel "$1" down "$BACKSTAY_SECRETS/bypass" "$RETRY_AFTER_S"
	else
		own_command on
	fi
}

maintenance_off() {
	if [ "$PRESET" = laravel ]; then laravel "$1" up; else own_command off; fi
}

maintenance_is_on() {
	if [ "$PRESET" = laravel ]; then
		laravel "$1" is-down
	elif [ -f "$BACKSTAY_DIR/lib/maintenance/check" ]; then
		own_command check
	else
		[ -z "$URL" ] || site_says_503
	fi
}

# An app that cannot be asked is not out of maintenance.
maintenance_is_off() {
	if [ "$PRESET" = laravel ]; then
		asked=0
		laravel "$1" is-down || asked=$?
		[ "$asked" = 3 ]
	else
		! maintenance_is_on "$1"
	fi
}

site_says_503() {
	SEEN=$(http_status /)
	[ "$SEEN" = 503 ]
}

site_is_open() {
	SEEN=$(http_status /)
	[ "$SEEN" != 503 ] && [ "$SEEN" != 000 ]
}

# Users get 503: asked of the app itself, and of the site where its address is known.
prove_maintenance() {
	[ -e "$BACKSTAY_STATE/if-down" ] || return 0
	# Before the first version is live there is nobody to ask.
	[ -n "$BACKSTAY_LIVE" ] || return 0
	maintenance_is_on "$BACKSTAY_LIVE" || fail "the app is not in maintenance any more: something has lifted it (a cache:clear, an artisan up?)"
	[ -z "$URL" ] || until_true 10 site_says_503 || fail "maintenance is on, but $URL/ answers $SEEN, not 503: does the address lead to this app? (http.resolve)"
}
