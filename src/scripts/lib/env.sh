# What the app and the user's commands are run with. Sourced.
# shellcheck shell=sh

# with_env COMMAND…: with `env` of the configuration. Our own scripts never see it: a name in it may be one that they use.
with_env() {
	(
		# shellcheck disable=SC1091
		[ ! -f "$BACKSTAY_SECRETS/env" ] || . "$BACKSTAY_SECRETS/env"
		exec "$@"
	)
}
