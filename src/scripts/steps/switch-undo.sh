#!/bin/sh
# Points `current` back to where it pointed before this run, or removes it after a first deploy, and reloads.
# A reload that fails or hangs does not stop the way back: the data must go back too. It is told.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/release.sh"

point_back() {
	rm -f "$BACKSTAY_PATH/.current.$BACKSTAY_RUN"
	IFS= read -r old <"$BACKSTAY_STATE/switch-old" || :
	if [ -n "$old" ]; then
		[ "$(current_target)" = "$old" ] || point_current "$old"
		note "current -> $old"
	else
		[ ! -L "$CURRENT" ] || rm -f "$CURRENT"
		persist "$BACKSTAY_PATH"
		note "current removed, as before"
	fi
}

reload() {
	folder=${BACKSTAY_OLD:-$BACKSTAY_PATH}
	[ -d "$folder" ] || folder=$BACKSTAY_PATH
	for command in "$BACKSTAY_STEP_DIR"/command-*; do
		[ -f "$command" ] || continue
		(cd "$folder" && with_env timeout 300 sh -eu "$command") || {
			note "current is back, but release.reload failed: $(head -n 1 "$command")"
			fact warning "release.reload failed after the way back: what serves the site may still hold the new release"
		}
	done
}

main() {
	# never begun, or dead before anything changed
	[ -f "$BACKSTAY_STATE/switch-old" ] || return 0
	point_back
	reload
}

main
