# What every step has: sourced first, by `. "$BACKSTAY_DIR/lib/step.sh"`. It brings the parameters of the plan
# and of the step.
# shellcheck shell=sh
# shellcheck disable=SC1091

. "$BACKSTAY_DIR/lib/env.sh"
. "$BACKSTAY_DIR/params"
[ ! -f "$BACKSTAY_STEP_DIR/params" ] || . "$BACKSTAY_STEP_DIR/params"

# The one line that people see beside the step.
note() { printf '%s\n' "$*" >"$BACKSTAY_NOTE"; }

# A fact for the journal and the outcome: fact proof exact
fact() { printf '%s %s\n' "$1" "$2" >>"$BACKSTAY_FACTS"; }

# Ends the step with what went wrong and what to do.
fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

# Something still works that should not: it ends the step, or is told.
leak() {
	if [ "$ON_LEAK" = refuse ]; then fail "$1 (maintenance.on_leak)"; fi
	printf '%s\n' "warning: $1"
	fact leak "$1"
}

# Waits until the command given after the seconds succeeds: until_true 30 some_check
until_true() {
	read -r now _ </proc/uptime
	last=$((${now%.*} + $1))
	shift
	until "$@"; do
		read -r now _ </proc/uptime
		[ "${now%.*}" -lt "$last" ] || return 1
		sleep 0.2
	done
}
