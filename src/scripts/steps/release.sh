#!/bin/sh
# Unpacks the new release beside the live one and links what releases share. Nothing of it is live yet.
# The runner streams the artifact into upload/artifact and then writes upload/done: `SHA256 BYTES FORMAT`.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/release.sh"
. "$BACKSTAY_DIR/lib/upload.sh"

PART=$BACKSTAY_RELEASE.part
# What this run made outside of the release, one path a line, for the undo.
MADE=$BACKSTAY_STATE/release-made

# The folder $1 and its parents below the deploy path, each remembered before it is made.
make_folder() {
	if [ -d "$1" ]; then return 0; fi
	# what is remembered is removed by the undo, so it may be nobody else's
	if [ -e "$1" ] || [ -L "$1" ]; then fail "$1 is there, but it is no folder"; fi
	case ${1%/*} in "$BACKSTAY_PATH") ;; *) make_folder "${1%/*}" ;; esac
	remember "$1"
	mkdir "$1" || fail "$1 cannot be made"
}

remember() {
	printf '%s\n' "$1" >>"$MADE"
	persist "$MADE"
}

unpack() {
	whole=$BACKSTAY_STATE/release-whole
	unpacked_upload "$whole" | tar -xopf - -C "$PART" && [ -e "$whole" ]
}

unpack_or_give_back() {
	remove_release "$PART"
	mkdir "$PART" || fail "$PART cannot be made"
	unpack && return 0
	# the space is needed by what serves users
	remove_release "$PART"
	fail "the artifact could not be unpacked (disk full?): $(df -P "$RELEASES" | awk 'NR == 2 { printf "%d MB free on %s", $4 / 1024, $6 }')"
}

# A setgid folder hands its group on; unpacking by exact modes has dropped that.
inherit_group() {
	[ -g "$RELEASES" ] || return 0
	chgrp -Rh "$(stat -c %g "$RELEASES")" "$PART" 2>/dev/null || chgrp -R "$(stat -c %g "$RELEASES")" "$PART"
	find "$PART" -type d -exec chmod g+s {} +
}

# `shared` wins over what the artifact carries; what is not there yet is taken from the artifact, once.
link_shared() {
	entry=${1%/}
	case /$entry/ in *//* | */../* | */./*) fail "release.shared: $1 is no path inside the release" ;; esac
	from=$PART/$entry to=$SHARED/$entry
	make_folder "$SHARED"
	if is_below_link "$entry"; then
		# below what is shared as a whole: there is nothing to link, and `from` is the users' own data
		[ "$(readlink "$PART/$above")" = "$(way_to_shared "$above")" ] ||
			fail "release.shared: $1 cannot be linked, since the artifact has $above as a link"
		return 0
	fi
	case $entry in
	*/*)
		make_folder "$SHARED/${entry%/*}"
		mkdir -p "$PART/${entry%/*}"
		;;
	esac
	if [ ! -e "$to" ] && [ ! -L "$to" ]; then
		# a name with a dot is a file (.env, auth.json); that one is for a person to write
		case ${entry##*/} in
		*.*) is_folder=false ;;
		*) is_folder=true ;;
		esac
		if [ -e "$from" ] && [ ! -L "$from" ]; then
			remember "$to"
			mv "$from" "$to"
			# the web server, being of the group, writes there
			[ ! -g "$RELEASES" ] || chmod -R g+rwX "$to"
		elif $is_folder; then
			make_folder "$to"
		else
			note "$to does not exist yet"
		fi
	fi
	remove_release "$from"
	ln -s "$(way_to_shared "$entry")" "$from"
}

# Whether a folder that $1 lies in is a link in the new release; it is `above` then.
is_below_link() {
	above=$1
	while :; do
		case $above in
		*/*) above=${above%/*} ;;
		*) return 1 ;;
		esac
		if [ -L "$PART/$above" ]; then return 0; fi
	done
}

# Relative, so that the whole path may be moved or mounted elsewhere; absolute where that would lead astray.
way_to_shared() {
	if [ -L "$RELEASES" ] || [ -L "$SHARED" ]; then
		printf '%s\n' "$SHARED/$1"
		return 0
	fi
	way=../../shared/$1 rest=$1
	while :; do
		case $rest in */*) way=../$way rest=${rest#*/} ;; *) break ;; esac
	done
	printf '%s\n' "$way"
}

# What a new Laravel needs to write to: in shared/storage when that is shared, and the release's own cache.
laravel_folders() {
	storage=$PART/storage
	[ ! -L "$storage" ] || storage=$SHARED/storage
	for folder in app/public framework/cache/data framework/sessions framework/testing framework/views logs; do
		case $storage in
		"$PART"/*) mkdir -p "$storage/$folder" ;;
		*) make_folder "$storage/$folder" ;;
		esac
	done
	# a shared one may be the server's own
	if [ -L "$PART/bootstrap" ] || [ -L "$PART/bootstrap/cache" ]; then return 0; fi
	mkdir -p "$PART/bootstrap/cache"
	chmod ug+rwx "$PART/bootstrap/cache"
}

main() {
	[ ! -e "$BACKSTAY_RELEASE" ] || fail "$BACKSTAY_RELEASE is there already"
	wait_for_upload
	: >>"$MADE"
	make_folder "$RELEASES"
	mkdir -p "$RECORDS"
	write_file "$RECORDS/$BACKSTAY_RUN" made
	unpack_or_give_back
	inherit_group
	while IFS= read -r entry; do
		[ -z "$entry" ] || link_shared "$entry"
	done <"$BACKSTAY_STEP_DIR/shared"
	[ "$PRESET" != laravel ] || laravel_folders
	persist_tree "$PART"
	mv "$PART" "$BACKSTAY_RELEASE"
	persist "$RELEASES"
	rm -f "$UPLOAD/artifact"
	[ -s "$BACKSTAY_NOTE" ] || note "$(du -sk "$BACKSTAY_RELEASE" | awk '{ printf "%.1f MB", $1 / 1024 }') in releases/$BACKSTAY_RUN"
}

main
