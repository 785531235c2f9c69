#!/bin/sh
# The release that a drill switches to: a copy of the live one, made here. Its undo is that of the step release.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/release.sh"

PART=$BACKSTAY_RELEASE.part

main() {
	[ -d "$BACKSTAY_LIVE" ] || fail "no release is live: there is nothing to rehearse with"
	[ ! -e "$BACKSTAY_RELEASE" ] || fail "$BACKSTAY_RELEASE is there already"
	: >>"$BACKSTAY_STATE/release-made"
	persist "$BACKSTAY_STATE/release-made"
	mkdir -p "$RECORDS"
	write_file "$RECORDS/$BACKSTAY_RUN" made
	remove_release "$PART"
	cp -a "$BACKSTAY_LIVE/" "$PART" || fail "the live release could not be copied (disk full, or files that this user cannot read?)"
	persist_tree "$PART"
	mv "$PART" "$BACKSTAY_RELEASE"
	persist "$RELEASES"
	note "a copy of the live release, for the drill alone"
}

main
