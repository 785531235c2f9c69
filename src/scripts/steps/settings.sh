#!/bin/sh
# The app is asked for its databases' accounts; they go into files of this run that only we can read. What it says
# must be what the plan was made for. Files: `<name>.connection`, `.expected`, `.credentials`, `.target`, `.driver`.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
umask 077
release=${BACKSTAY_LIVE:-$BACKSTAY_RELEASE}

ask_app() {
	settings=$state/settings
	(cd "$release" && with_env "$PHP" "$BACKSTAY_DIR/lib/laravel.php" settings "$name" "$(cat "$BACKSTAY_STEP_DIR/$name.connection")" "$BACKSTAY_SECRETS") >"$settings"
	grep -E '^(driver|database|host)	' "$settings" >"$settings.said"
	if [ -f "$BACKSTAY_STEP_DIR/$name.expected" ] && ! cmp -s "$settings.said" "$BACKSTAY_STEP_DIR/$name.expected"; then
		fail "the app's connection for $name is another one than when the plan was made: deploy again"
	fi
	driver=$(sed -n 's/^driver	//p' "$settings")
	target=$(sed -n 's/^database	//p' "$settings")
	driver=$(engine_of "$driver")
	case $driver in
	sqlite) target=$(readlink -f "$target" || printf %s "$target") ;; # it may lead through a release's link
	esac
}

count=0 files=''
for name in $DATABASES; do
	state=$BACKSTAY_STATE/db-$name
	mkdir -p "$state"
	driver='' target=''
	[ ! -f "$BACKSTAY_STEP_DIR/$name.connection" ] || ask_app
	[ ! -f "$BACKSTAY_STEP_DIR/$name.credentials" ] || copy_account ||
		fail "the file $file with the account of database $name cannot be read"
	[ ! -f "$BACKSTAY_STEP_DIR/$name.target" ] || target=$(cat "$BACKSTAY_STEP_DIR/$name.target")
	[ ! -f "$BACKSTAY_STEP_DIR/$name.driver" ] || driver=$(cat "$BACKSTAY_STEP_DIR/$name.driver")
	if [ ! -d "$BACKSTAY_DIR/databases/$name/$driver" ]; then
		fail "database $name is of the kind '$driver', which cannot be protected: set databases.$name.engine to {command: {backup, restore}}, or to none"
	fi
	printf '%s\n' "$target" >"$state/target"
	printf '%s\n' "$driver" >"$state/driver"
	files="$files db-$name/target db-$name/driver"
	count=$((count + 1))
done
# the undo goes by these
cd "$BACKSTAY_STATE"
# shellcheck disable=SC2086 # several names
sync "$BACKSTAY_SECRETS"/* "$BACKSTAY_SECRETS" $files 2>/dev/null || sync
note "$count of the app's databases"
