#!/bin/sh
# The last word of the action, also when nothing could be installed.
set -eu

main() {
	if [ -n "${BACKSTAY-}" ] && [ -x "$BACKSTAY" ]; then
		exec "$BACKSTAY" action finish
	fi
	printf 'outcome=refused\nsummary=Backstay was not installed; nothing was touched.\n' >>"$GITHUB_OUTPUT"
}

main "$@"
