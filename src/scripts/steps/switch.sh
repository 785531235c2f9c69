#!/bin/sh
# Points `current` to the new release, then makes what serves it look again (release.reload).
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/release.sh"

# The release of this run, or the one that a rollback goes back to.
release=$BACKSTAY_RELEASE

reload() {
	for command in "$BACKSTAY_STEP_DIR"/command-*; do
		[ -f "$command" ] || continue
		(cd "$release" && with_env sh -eu "$command") || fail "release.reload failed: $(head -n 1 "$command")"
	done
}

main() {
	[ -d "$release" ] || fail "$release is not there"
	[ -L "$CURRENT" ] || [ ! -e "$CURRENT" ] || fail "$CURRENT is no link: move it away, it has to be one"
	old=$(current_target)
	# the undo goes by this; it is on the disk before the link changes
	[ -f "$BACKSTAY_STATE/switch-old" ] || write_file "$BACKSTAY_STATE/switch-old" "$old"
	case $old in
	/*) way=$release ;;
	*) way=${release#"$BACKSTAY_PATH/"} ;;
	esac
	point_current "$way"
	# a rollback of the code alone, over a migration
	[ -z "${KEEPS_MIGRATED-}" ] || fact data kept-migrated
	reload
	note "current -> $way"
}

main
