#!/bin/sh
# Looks at the target and says what it finds, one fact a line: name, tab, value. It changes nothing. Where something cannot
# be, it says `refuse` with the reason and `remedy` with what to do, and goes on, so that every reason is told at once. The
# probe of an engine, `databases/NAME/probe`, may say as well: `engine` NAME TEXT for people, `size` NAME BYTES TABLES,
# `in-maintenance` NAME TEXT, what it does while users wait, and `warning` TEXT, which a deploy tells too.
set -u
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/http.sh"
. "$BACKSTAY_DIR/lib/runs.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/workers.sh"
. "$BACKSTAY_DIR/lib/cron.sh"
. "$BACKSTAY_DIR/lib/user-manager.sh"

refuse() {
	emit refuse "$1"
	emit remedy "$2"
}

has() { command -v "$1" >/dev/null 2>&1; }

look_at_tools() {
	missing=
	for tool in flock setsid sha256sum cksum dd tar od readlink timeout awk find; do
		has "$tool" || missing="$missing $tool"
	done
	[ -z "$missing" ] || refuse "the target lacks$missing" "install coreutils, util-linux, tar, gawk and findutils there"
	for tool in zstd gzip curl crontab sqlite3 "$PHP"; do
		if has "$tool"; then emit tool "$tool"; fi
	done
	[ "$STRATEGY" != symlink ] || has zstd || has gzip || refuse "the target has neither zstd nor gzip" "install one of them there (zstd is faster)"
	[ "$PRESET" != laravel ] || has "$PHP" || refuse "there is no command $PHP on the target" "set php: in backstay.yml to the PHP that is there, such as php8.2"
	[ -n "$URL" ] && ! has curl && ! has "$PHP" && refuse "nothing on the target can look at $URL" "install curl there"
	return 0
}

look_at_path() {
	emit user "$(id -un)"
	if [ ! -d "$BACKSTAY_PATH" ]; then
		parent=${BACKSTAY_PATH%/*}
		if [ "$STRATEGY" = symlink ] && [ -d "${parent:-/}" ] && [ -w "${parent:-/}" ]; then
			emit path new
		else
			refuse "there is no folder $BACKSTAY_PATH on the target" "make it there, owned by $(id -un): sudo install -d -o $(id -un) $BACKSTAY_PATH"
		fi
		return 0
	fi
	emit path there
	[ -w "$BACKSTAY_PATH" ] && [ -x "$BACKSTAY_PATH" ] ||
		refuse "$(id -un) may not write to $BACKSTAY_PATH" "sudo chown $(id -un) $BACKSTAY_PATH"
	for folder in releases shared .backstay; do
		[ ! -d "$BACKSTAY_PATH/$folder" ] || [ -w "$BACKSTAY_PATH/$folder" ] ||
			refuse "$(id -un) may not write to $BACKSTAY_PATH/$folder" "sudo chown $(id -un) $BACKSTAY_PATH/$folder"
	done
	emit disk-free-kb "$(df -Pk "$BACKSTAY_PATH" | awk 'NR == 2 { print $4 }')"
	if [ "$STRATEGY" = symlink ] && [ -e "$BACKSTAY_PATH/current" ] && [ ! -L "$BACKSTAY_PATH/current" ]; then
		refuse "$BACKSTAY_PATH/current is no link" "move it into $BACKSTAY_PATH/releases/ and link it: mv current releases/first && ln -s releases/first current"
	fi
	[ ! -L "$BACKSTAY_PATH/current" ] || emit current "$(readlink "$BACKSTAY_PATH/current")"
	live=$BACKSTAY_PATH
	if [ "$STRATEGY" = symlink ]; then
		live=
		[ ! -e "$BACKSTAY_PATH/current" ] || live=$(readlink -f "$BACKSTAY_PATH/current")
	fi
	[ -z "$live" ] || emit live "$live"
}

look_at_runs() {
	[ -d "$BACKSTAY_PATH/.backstay" ] || return 0
	[ -r "$BACKSTAY_PATH/.backstay" ] || {
		refuse "$BACKSTAY_PATH/.backstay belongs to another user" "deploy as that user, always the same one"
		return 0
	}
	if [ -f "$BACKSTAY_PATH/.backstay/last" ]; then emit last "$(cat "$BACKSTAY_PATH/.backstay/last")"; fi
	each_run say_unfinished
	if [ -n "$KEY" ]; then each_run say_key; fi
	told=0
	case $PURPOSE in
	deploy) ;;
	rollback) each_run say_committed ;;
	plan) each_run say_ended ;;
	backup | prune) ;;
	restore)
		each_run say_committed
		say_backups
		;;
	esac
}

# The newest ones are enough: older ones have no copy of the data any more.
say_committed() {
	if [ "$run_state" = committed ] && [ "$told" -lt 20 ] && [ ! -f "$run_dir/backup" ]; then
		say_run committed
		say_ways_back
		told=$((told + 1))
	fi
}

# What going back over a run takes: the release from before it, and the copies of the data that it sealed.
say_ways_back() {
	read -r previous <"$run_dir/generation-current" || previous=-
	case $previous in /*) ;; *) previous=$BACKSTAY_PATH/$previous ;; esac
	[ ! -d "$previous" ] || emit previous "$run"
	for mark in "$run_dir"/state/db-*/kept; do
		[ -f "$mark" ] || continue
		read -r file <"$mark" || file=
		[ -z "$file" ] || [ -s "$file" ] || continue
		name=${mark%/kept}
		emit copy "$run ${name##*/db-}"
	done
}

# They tell how long users saw maintenance.
say_ended() {
	[ ! -f "$run_dir/backup" ] || return 0
	case $run_state in
	committed | rolled-back)
		[ "$told" -lt 10 ] || return 0
		say_run ended
		told=$((told + 1))
		;;
	esac
}

say_unfinished() {
	case $run_state in
	committed | rolled-back | none) ;;
	*) say_run unfinished ;;
	esac
}

# A run with the same key: the newest one that committed.
say_key() {
	[ -f "$run_dir/key" ] && read -r key digest <"$run_dir/key" && [ "$key" = "$KEY" ] || return 0
	emit key "$run $run_state $digest"
	[ "$run_state" != committed ] || emit key-journal "$(cat "$run_dir/journal")"
}

look_at_guard() {
	if ! has crontab; then
		emit guard no-crontab
	elif [ -e /etc/cron.allow ] && ! grep -qx "$(id -un)" /etc/cron.allow; then
		emit guard denied
	elif [ -e /etc/cron.deny ] && [ ! -e /etc/cron.allow ] && grep -qx "$(id -un)" /etc/cron.deny; then
		emit guard denied
	elif cron_runs; then
		emit guard cron
	else
		emit guard stopped
	fi
	manager=$(say_manager)
	emit user-manager "$manager"
	! login_ends_all || { [ "$manager" = stays ] && has systemd-run; } ||
		refuse "systemd ends all processes of $(id -un) at logout (KillUserProcesses), the executor among them" "sudo loginctl enable-linger $(id -un)"
}

# Whether the user's own systemd can go on without a login, or will once it is asked to.
say_manager() {
	if ! has systemctl || [ ! -d /run/systemd/system ]; then
		echo none
	elif lingers; then
		if manager_answers; then echo stays; else echo silent; fi
	elif has pkcheck && timeout 10 pkcheck --action-id org.freedesktop.login1.set-self-linger --process $$ >/dev/null 2>&1; then
		echo stays
	else
		echo leaves
	fi
}

# The live version, by its own words.
look_at_app() {
	[ "$PRESET" = laravel ] && [ -n "${live-}" ] || return 0
	if [ ! -f "$live/artisan" ]; then
		refuse "there is no artisan in $live: it is no Laravel application" "check path in backstay.yml (with strategy symlink, path/current is the app)"
		return 0
	fi
	has "$PHP" || return 0
	set --
	for name in $DATABASES; do
		[ ! -f "$BACKSTAY_DIR/$name.connection" ] || set -- "$@" "$name=$(cat "$BACKSTAY_DIR/$name.connection")"
	done
	if (cd "$live" && "$PHP" "$BACKSTAY_DIR/lib/laravel.php" probe "$BACKSTAY_SECRETS" "$@") >"$BACKSTAY_STATE/app" 2>"$BACKSTAY_STATE/app.err"; then
		cat "$BACKSTAY_STATE/app"
		look_at_migrations
	else
		refuse "the live application does not answer: $(tail -n 3 "$BACKSTAY_STATE/app.err" | tr '\n' ' ')" "run \`$PHP artisan about\` in $live as $(id -un), and mend what it says"
	fi
}

# Runs the code of migrations that are pending, with every connection of the app only writing down what it is told: for a plan
# that a person asked for, never before a deploy.
look_at_migrations() {
	[ "$PURPOSE" = plan ] && [ -n "$MIGRATES" ] || return 0
	set --
	if [ -n "$SHIPPED" ]; then
		mkdir -p "$BACKSTAY_DIR/migrations"
		set -- "$BACKSTAY_DIR/migrations"
	fi
	code=0
	(cd "$live" && timeout 30 "$PHP" "$BACKSTAY_DIR/lib/laravel.php" pretend "$@") 2>"$BACKSTAY_STATE/pretend.err" || code=$?
	case $code in
	0) ;;
	124 | 143) emit pretend-failed "it did not end within 30 s" ;;
	*) emit pretend-failed "PHP ended with exit $code: $(tail -n 2 "$BACKSTAY_STATE/pretend.err" | tr '\n' ' ')" ;;
	esac
}

# A line of what the app said of a database: app_says NAME driver
app_says() { sed -n "s/^db\.$1\.$2	//p" "$BACKSTAY_STATE/app" 2>/dev/null; }

# What supervisor does not know could not be stopped.
look_at_workers() { each_worker look_at_worker; }

look_at_worker() {
	[ "$kind" = supervisor ] || return 0
	ask_supervisor || refuse "supervisor cannot be asked for the worker $name: $SAID" "$SUPERVISOR_REMEDY"
}

look_at_databases() {
	for name in $DATABASES; do
		driver=$(engine_of "$(app_says "$name" driver)") target=$(app_says "$name" database)
		[ ! -f "$BACKSTAY_DIR/$name.driver" ] || driver=$(cat "$BACKSTAY_DIR/$name.driver")
		[ ! -f "$BACKSTAY_DIR/$name.target" ] || target=$(cat "$BACKSTAY_DIR/$name.target")
		[ -f "$BACKSTAY_DIR/databases/$name/$driver/probe" ] || continue
		mkdir -p "$BACKSTAY_STATE/db-$name"
		printf '%s\n' "$driver" >"$BACKSTAY_STATE/db-$name/driver"
		printf '%s\n' "$target" >"$BACKSTAY_STATE/db-$name/target"
		[ ! -f "$BACKSTAY_DIR/$name.credentials" ] || copy_account || {
			refuse "database $name: the file $file with its account cannot be read on the target" "make it there: an option file with [client] for mysql, a service file with [backstay] for postgres; in it user and password; chmod 600 $file"
			continue
		}
		in_database "$name" probe 2>"$BACKSTAY_STATE/db.err" ||
			refuse "database $name could not be looked at: $(tail -n 2 "$BACKSTAY_STATE/db.err" | tr '\n' ' ')" "see that the account in the app's settings works: log in with it by hand"
	done
}

look_at_site() {
	[ -n "$URL" ] && [ -n "${live-}" ] || return 0
	emit site-status "$(http_status /)"
}

main() {
	look_at_tools
	look_at_path
	look_at_runs
	look_at_guard
	[ "$PURPOSE" = prune ] || look_at_app
	case $PURPOSE in
	backup | prune) ;;
	*)
		look_at_workers
		look_at_databases
		look_at_site
		;;
	esac
	emit complete yes
}

main
