#!/bin/sh
# The app is asked for its databases' accounts; they go into files of this run that only we can read. What it says
# must be what the plan was made for.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
umask 077
release=${BACKSTAY_LIVE:-$BACKSTAY_RELEASE}
for name in $DATABASES; do
	if [ -f "$BACKSTAY_STEP_DIR/$name.connection" ]; then
		cd "$release"
		"$PHP" "$BACKSTAY_DIR/lib/laravel.php" settings "$name" "$(cat "$BACKSTAY_STEP_DIR/$name.connection")" "$BACKSTAY_SECRETS" >"$BACKSTAY_STATE/$name.settings"
		grep -E '^(driver|database|host)	' "$BACKSTAY_STATE/$name.settings" | cmp -s - "$BACKSTAY_STEP_DIR/$name.expected" ||
			[ ! -f "$BACKSTAY_STEP_DIR/$name.expected" ] ||
			fail "the app's connection for $name is another one than when the plan was made; run the deploy again"
	elif [ -f "$BACKSTAY_STEP_DIR/$name.credentials" ]; then
		file=$(cat "$BACKSTAY_STEP_DIR/$name.credentials")
		case $file in \~/*) file=$HOME/${file#??} ;; esac
		cp "$file" "$BACKSTAY_SECRETS/$name.cnf" || fail "the option file $file of database $name cannot be read"
	fi
done
note "$(printf %s "$DATABASES" | wc -w | tr -d ' ') of the app's databases"
