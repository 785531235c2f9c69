#!/bin/sh
# Removes the release of this run and what else this run made: nothing that was there before, nothing of others.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/release.sh"

MADE=$BACKSTAY_STATE/release-made

# An upload may still go on and write while its folder is emptied; under another name it finds nothing to write to.
end_upload() {
	rm -rf "$BACKSTAY_DIR/upload-ended"
	[ ! -d "$BACKSTAY_DIR/upload" ] || mv "$BACKSTAY_DIR/upload" "$BACKSTAY_DIR/upload-ended"
	rm -rf "$BACKSTAY_DIR/upload-ended"
}

# What a server's user wrote stays where we may not remove it. That must not hold the site in maintenance: it is told.
remove_or_tell() {
	remove_release "$1" && return 0
	fact warning "$1 could not be removed: files of another user are in it"
}

main() {
	end_upload
	# without the list nothing was made yet: whatever has the release's name is not ours
	[ -f "$MADE" ] || return 0
	if [ -f "$RECORDS/$BACKSTAY_RUN" ]; then
		live=$(readlink -f "$CURRENT" 2>/dev/null) || live=
		[ "$live" != "$(readlink -f "$BACKSTAY_RELEASE")" ] || [ -z "$live" ] || fail "$CURRENT still points to $BACKSTAY_RELEASE"
		remove_or_tell "$BACKSTAY_RELEASE.part"
		remove_or_tell "$BACKSTAY_RELEASE"
	fi
	# the youngest first: a folder's content was made after it
	awk '{ line[NR] = $0 } END { for (n = NR; n > 0; n--) print line[n] }' "$MADE" | while IFS= read -r path; do
		case $path in
		"$SHARED"/*) remove_or_tell "$path" ;;
		"$SHARED" | "$RELEASES") rmdir "$path" 2>/dev/null || : ;;
		esac
	done
	# with its record, retention tries again what could not be removed now
	[ -e "$BACKSTAY_RELEASE" ] || [ -e "$BACKSTAY_RELEASE.part" ] || rm -f "$RECORDS/$BACKSTAY_RUN"
	persist "$BACKSTAY_PATH"
}

main
