# Releases and the links to them: shared by the steps release, switch and tidy.
# shellcheck shell=sh
# shellcheck disable=SC2034

RELEASES=$BACKSTAY_PATH/releases
SHARED=$BACKSTAY_PATH/shared
CURRENT=$BACKSTAY_PATH/current
# One file for each release that Backstay made: `made`, then `committed`. Retention never touches any other.
RECORDS=$BACKSTAY_PATH/.backstay/releases

# Makes sure that files and folders outlive a power failure. Plain `sync` where it takes no names (old busybox).
persist() { sync "$@" 2>/dev/null || sync; }

# A whole tree: its file system at once, since a release has thousands of files.
persist_tree() { sync -f "$1" 2>/dev/null || sync; }

# Writes a small file so that it is there whole or not at all: write_file FILE TEXT
write_file() {
	printf '%s\n' "$2" >"$1.new" && persist "$1.new" && mv -f "$1.new" "$1" && persist "${1%/*}"
}

# The literal target of `current`; nothing when there is none.
current_target() {
	[ ! -L "$CURRENT" ] || readlink "$CURRENT"
}

# Points `current` to $1 in one rename: no request ever finds it missing.
point_current() {
	next=$BACKSTAY_PATH/.current.$BACKSTAY_RUN
	rm -f "$next"
	ln -s "$1" "$next"
	# without -T (very old busybox) the new link would be moved into the folder that the old one points to
	if mv -fT "$next" "$CURRENT" 2>/dev/null; then
		:
	elif [ ! -d "$CURRENT" ]; then
		mv -f "$next" "$CURRENT"
	else
		# the one way left; for an instant there is no `current`
		ln -sfn "$1" "$CURRENT" && rm -f "$next"
	fi
	[ "$(current_target)" = "$1" ] || fail "$CURRENT could not be pointed to $1"
	persist "$BACKSTAY_PATH"
}

# Removes a release, folders that its owner may not write to included.
remove_release() {
	[ -e "$1" ] || [ -L "$1" ] || return 0
	find "$1" -type d ! -perm -200 -exec chmod u+w {} + 2>/dev/null || :
	rm -rf "$1"
}
