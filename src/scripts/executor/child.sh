# --- child: what carries a script, in a session of its own

# STATE, SESSION and START of a process, from its stat line; the name in it may hold anything, blanks and `)` included.
stat_of() {
	IFS= read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	STATE=$1 SESSION=$4
	shift 19
	START=$1
}

record_child() { printf '%s %s %s\n' "$$" "$START" "$BOOT" 2>/dev/null >"$RUN_DIR/step.pid"; }

# The child's side of spawn.
child_main() {
	stat_of self || exit 125
	# whoever is to be told is told from a full disk as well
	record_child || { rm -f "$RUN_DIR/ballast" && record_child; } || [ "$1" = "$RUN_DIR/notify" ] || exit 125
	BACKSTAY_DIR=$RUN_DIR BACKSTAY_RUN=$RUN BACKSTAY_PATH=${ROOT%/*} BACKSTAY_STEP_DIR=$1
	BACKSTAY_STATE=$RUN_DIR/state BACKSTAY_SECRETS=$RUN_DIR/secrets
	BACKSTAY_NOTE=$RUN_DIR/note BACKSTAY_FACTS=$RUN_DIR/facts
	BACKSTAY_STEP=${1##*/}
	BACKSTAY_STEP=${BACKSTAY_STEP#[0-9][0-9]-}
	IFS= read -r BACKSTAY_OLD <"$RUN_DIR/state/old" || :
	BACKSTAY_RELEASE=$BACKSTAY_PATH BACKSTAY_LIVE=$BACKSTAY_PATH
	if [ -f "$RUN_DIR/symlink" ]; then
		BACKSTAY_RELEASE=$BACKSTAY_PATH/releases/$RUN
		BACKSTAY_LIVE=
		[ ! -f "$RUN_DIR/release" ] || BACKSTAY_RELEASE=$(cat "$RUN_DIR/release")
		[ ! -e "$BACKSTAY_PATH/current" ] || BACKSTAY_LIVE=$(readlink -f "$BACKSTAY_PATH/current")
	fi
	export BACKSTAY_DIR BACKSTAY_RUN BACKSTAY_PATH BACKSTAY_STEP_DIR BACKSTAY_STATE BACKSTAY_SECRETS BACKSTAY_NOTE \
		BACKSTAY_FACTS BACKSTAY_STEP BACKSTAY_OLD BACKSTAY_RELEASE BACKSTAY_LIVE
	unset LC_ALL
	umask 002
	cd "$BACKSTAY_PATH" || exit 125
	exec sh "$1/$2"
}
