#!/bin/sh
# Removes the release of this run and what else this run made: nothing that was there before, nothing of others.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/release.sh"

MADE=$BACKSTAY_STATE/release-made

main() {
	rm -rf "$BACKSTAY_DIR/upload"
	# without the list nothing was made yet: whatever has the release's name is not ours
	[ -f "$MADE" ] || return 0
	if [ -f "$RECORDS/$BACKSTAY_RUN" ]; then
		live=$(readlink -f "$CURRENT" 2>/dev/null) || live=
		[ "$live" != "$(readlink -f "$BACKSTAY_RELEASE")" ] || [ -z "$live" ] || fail "$CURRENT still points to $BACKSTAY_RELEASE"
		remove_release "$BACKSTAY_RELEASE.part"
		remove_release "$BACKSTAY_RELEASE"
	fi
	# the youngest first: a folder's content was made after it
	awk '{ line[NR] = $0 } END { for (n = NR; n > 0; n--) print line[n] }' "$MADE" | while IFS= read -r path; do
		case $path in
		"$SHARED"/*) remove_release "$path" ;;
		"$SHARED" | "$RELEASES") rmdir "$path" 2>/dev/null || : ;;
		esac
	done
	rm -f "$RECORDS/$BACKSTAY_RUN"
	persist "$BACKSTAY_PATH"
}

main
