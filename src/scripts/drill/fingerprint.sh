#!/bin/sh
# What the data and the live code are, read through the app's own connections and by the files: a digest of each, before and after.
# It knows nothing of how the engine copies and compares. Both readings are taken in maintenance, so nobody writes in between but
# the run itself. Parameter MOMENT: before, after. The app's storage is not read: it is not what a rollback gives back.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"

uptime_ms() {
	read -r up _ </proc/uptime
	printf '%s0' "${up%.*}${up#*.}"
}

# One line for each file, folder and link of the live release, and where `current` leads.
code() {
	[ ! -L "$BACKSTAY_PATH/current" ] || printf 'current -> %s\n' "$(readlink "$BACKSTAY_PATH/current")"
	cd "$BACKSTAY_LIVE"
	seen() { find . \( -path ./.backstay -o -path ./storage -o -path ./shared -o -path ./.git \) -prune -o "$@"; }
	seen \( -type f -o -type d \) -exec stat -c '%n %a %F' {} +
	# shellcheck disable=SC2016
	seen -type l -exec sh -c 'for link; do printf "%s -> %s\n" "$link" "$(readlink "$link")"; done' sh {} +
	seen -type f -exec sha256sum {} +
}

# One line for each object of the databases. What cannot be read here is said, and is no proof.
data() {
	if [ -f "$BACKSTAY_STEP_DIR/drill.php" ]; then
		cd "$BACKSTAY_LIVE"
		# shellcheck disable=SC2046 # names and connections have no blanks
		with_env "$PHP" "$BACKSTAY_STEP_DIR/drill.php" digest $(cat "$BACKSTAY_STEP_DIR/connections")
		return
	fi
	for name in $DATABASES; do
		target=$(cat "$BACKSTAY_STATE/db-$name/target")
		case $(cat "$BACKSTAY_STATE/db-$name/driver") in
		sqlite) printf 'file %s %s\n' "$name" "$(sqlite3 -batch -bail -cmd '.timeout 10000' "$target" .dump | sha256sum)" ;;
		*) return 3 ;;
		esac
	done
}

# digest WHAT: its lines into a file, and the digest of them as a fact.
digest() {
	lines=$BACKSTAY_STATE/drill-$1-$MOMENT
	status=0
	("$1" >"$lines.read") || status=$?
	case $status in
	0) ;;
	3)
		fact "drill-$1-$MOMENT" unread
		return 0
		;;
	*) fail "the $1 could not be read for the drill" ;;
	esac
	sort "$lines.read" >"$lines"
	rm -f "$lines.read"
	sum=$(sha256sum "$lines")
	fact "drill-$1-$MOMENT" "${sum%% *}"
	if [ "$MOMENT" = after ] && [ -f "$BACKSTAY_STATE/drill-$1-before" ] && ! cmp -s "$BACKSTAY_STATE/drill-$1-before" "$lines"; then
		differs=$(LC_ALL=C comm -3 "$BACKSTAY_STATE/drill-$1-before" "$lines" | tr -d '\t' | cut -d ' ' -f 1-3 | sort -u | head -n 4 | tr '\n' ';')
		fact "drill-$1-differs" "$differs"
	fi
}

began=$(uptime_ms)
digest data
digest code
fact "drill-read-$MOMENT-ms" "$(($(uptime_ms) - began))"
note "data and code read $MOMENT the failure"
