# Releases and the links to them: shared by the steps release, switch and tidy.
# shellcheck shell=sh
# shellcheck disable=SC2034

RELEASES=$BACKSTAY_PATH/releases
SHARED=$BACKSTAY_PATH/shared
CURRENT=$BACKSTAY_PATH/current
# One file for each release that Backstay made: `made`, then `committed`. Retention never touches any other.
RECORDS=$BACKSTAY_PATH/.backstay/releases

# Makes sure that files and folders outlive a power failure: persist PATH… Plain `sync` only where it takes no names (old
# busybox), found out once with what is certainly there: elsewhere a `sync` that fails is a failure.
persist() {
	takes_names || {
		sync
		return
	}
	sync "$@" || fail "$* could not be written to the disk"
}

# A whole tree: its file system at once, since a release has thousands of files.
persist_tree() {
	takes_names || {
		sync
		return
	}
	sync -f "$1" || fail "$1 could not be written to the disk"
}

SYNC_TAKES_NAMES=
takes_names() {
	if [ -z "$SYNC_TAKES_NAMES" ]; then
		if sync -f "$BACKSTAY_DIR/params" 2>/dev/null; then SYNC_TAKES_NAMES=yes; else SYNC_TAKES_NAMES=no; fi
	fi
	[ "$SYNC_TAKES_NAMES" = yes ]
}

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

# Removes a release, folders that its owner may not write to included: each is opened before `find` looks into it.
# Follows no link. Fails when something of it stays: what a server's user made, in a folder of its own.
remove_release() {
	[ -e "$1" ] || [ -L "$1" ] || return 0
	find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null || :
	rm -rf "$1"
}
