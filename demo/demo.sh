#!/bin/sh
# Three deploys of a real Laravel app to a throwaway target on this machine: one commits, one dies half-way through its
# migration, one loses its runner. What is claimed of each is looked at from outside: over HTTP, and in the database's file.
# Exit 0 when all three ended as claimed. `./dev demo` installs what it needs and runs it; `./dev demo drill` rehearses every rollback
# on the same target instead.
set -eu
umask 022

TARGET_USER='backstay-deploy'

main() {
	cd "$(dirname "$0")/.."
	say "This makes a server of its own on this machine and deploys to it several times. It takes about a minute, once built:" \
		"  sshd, nginx, php-fpm and a Laravel app with SQLite, as the user $TARGET_USER, on free ports of 127.0.0.1," \
		"  files below /tmp. All of it is gone at the end, also after Ctrl-C."
	build
	folder=$(mktemp -d /tmp/backstay-demo-XXXXXX)
	watcher='' runner='' target_process=''
	trap clean EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	chmod 755 "$folder"
	start_target
	first_version
	if [ "${1-}" = drill ]; then
		every_rollback_is_rehearsed
		heading 'every rollback was seen'
	else
		one_that_commits
		one_whose_migration_dies
		one_whose_runner_is_killed
		heading 'all three ended as claimed'
	fi
	say "Your own app: README.md, \"Quick start\"."
}

# Debug: the release build is smaller and takes several times as long.
build() {
	heading 'building (debug, the quicker build; cargo install builds the release)'
	cargo build --locked
	backstay=${CARGO_TARGET_DIR:-$PWD/target}/debug/backstay
}

start_target() {
	heading 'starting the target'
	ssh-keygen -q -t ed25519 -N '' -C backstay-demo -f "$folder/id"
	# a checkout below a closed home cannot be read by the target's user
	cp demo/target.sh "$folder/target.sh"
	# the target lasts as long as somebody holds this open
	mkfifo "$folder/hold"
	exec 9<>"$folder/hold"
	# and Ctrl-C is not for it
	(
		exec 9<&-
		as_target_in_a_session_of_its_own sh "$folder/target.sh" "$(cat "$folder/id.pub")" \
			<"$folder/hold" >"$folder/target.out" 2>"$folder/target.err"
	) &
	target_process=$!
	await 'the target is ready' 60 grep -q '^ready' "$folder/target.out" || {
		cat "$folder/target.err" >&2
		exit 1
	}
	target=$(sed -n 's/^folder //p' "$folder/target.out")
	ssh_port=$(sed -n 's/^ssh //p' "$folder/target.out")
	url=http://127.0.0.1:$(sed -n 's/^http //p' "$folder/target.out")
	say "  ssh $TARGET_USER@127.0.0.1 port $ssh_port, site $url, files $target"
	configure
}

configure() {
	cat >"$folder/backstay.yml" <<-CONF
		version: 1
		app: shop
		preset: laravel
		maintenance: { drain: 0s }
		runner: { lease: 15s }
		objectives: { rollback: 2m, downtime: 5m }
		smoke:
		  checks:
		    - { http: /api/v1/health, json: { status: healthy, checks.database: ok } }
		    - revision: { http: /version, json: revision }
		environments:
		  demo:
		    production: false
		    drills: true
		    host: $TARGET_USER@127.0.0.1
		    port: $ssh_port
		    identity_file: $folder/id
		    known_hosts: "[127.0.0.1]:$ssh_port $(cut -d ' ' -f 1,2 "$target/host.pub")"
		    path: $target/site
		    url: $url
	CONF
}

first_version() {
	heading 'before: the first version goes live'
	make_artifact 1111111
	deploy 1111111 --progress none >"$folder/first" || :
	[ "$code" = 0 ] || cat "$folder/first"
	claim 'exit 0' [ "$code" = 0 ]
	claim 'version 1111111 is served' serves 1111111
}

one_that_commits() {
	heading '1 of 3: a good deploy' \
		'Version 2222222 adds a column and a table, and fills them. It should end committed, and users see 503 meanwhile, no error.'
	make_artifact 2222222 good
	look before
	watch_site
	deploy 2222222
	end_watch
	look after
	claim 'exit 0: committed' [ "$code" = 0 ]
	claim 'version 2222222 is served' serves 2222222
	claim 'the data is migrated' has_column phone
	claim 'users saw 200 and 503, nothing else' saw_only 200 503
}

one_whose_migration_dies() {
	heading '2 of 3: the migration dies half-way' \
		'Version 3333333 adds a column and a table, changes every customer, deletes half of the orders, and then throws.' \
		'It should end rolled back: the old version with its data, not a byte of them changed.'
	make_artifact 3333333 good bad
	look before
	before=$(digest)
	watch_site
	deploy 3333333
	end_watch
	look after
	failed=$(as_target sh -c 'ls -t "$1"/site/.backstay/copies/*/*.failed.sqlite | head -n 1' sh "$target")
	say "  what the migration had left (kept for the post-mortem):" "              $(describe "$failed")"
	claim 'exit 10: rolled back' [ "$code" = 10 ]
	claim 'the migration had really changed the data' [ "$(digest "$failed")" != "$before" ]
	claim 'the data is what it was, by its digest' [ "$(digest)" = "$before" ]
	claim 'version 2222222 is served' serves 2222222
	claim 'users saw 200 and 503, nothing else' saw_only 200 503
}

one_whose_runner_is_killed() {
	heading '3 of 3: the runner is killed' \
		'Version 4444444 deletes half of the orders and then migrates on for a minute. Meanwhile the runner gets SIGKILL, as when a' \
		'CI machine dies. The target should notice within the lease (15 s here), and roll back alone.'
	make_artifact 4444444 good slow
	look before
	before=$(digest)
	watch_site
	deploy_in_background 4444444
	await 'the migration changes the data' 120 changed_from "$before"
	look 'half-way'
	kill -KILL "$runner"
	wait "$runner" 2>/dev/null || :
	runner=
	killed_at=$(date +%s)
	say '' "  the runner is dead. Nobody is connected; the target has to see it by itself …"
	await 'the target ends the run' 120 ended
	say "  … the run had ended $(($(date +%s) - killed_at)) s after the kill"
	end_watch
	look after
	say '' "  \$ backstay status"
	(exec 9<&- && cd "$folder" && exec "$backstay" status) | sed 's/^/  | /'
	claim 'the run is rolled back, says the target' [ "$(state)" = 10 ]
	claim 'the data is what it was, by its digest' [ "$(digest)" = "$before" ]
	claim 'version 2222222 is served' serves 2222222
	claim 'users saw 200 and 503, nothing else' saw_only 200 503
}

every_rollback_is_rehearsed() {
	heading 'the drill' \
		'What is live is deployed once for each point, with a migration of the drill that changes data, and fails there on purpose.' \
		'Each should be rolled back within the objectives, and nothing of the drill should be left. Users see 503 each time.'
	look before
	before=$(digest)
	watch_site
	say '' "  \$ backstay drill --all"
	code=0
	(exec 9<&- && cd "$folder" && exec "$backstay" drill --all --report drill.md) 2>&1 || code=$?
	say "  exit $code" ''
	end_watch
	look after
	claim 'exit 0: every point that is possible with SQLite has passed' [ "$code" = 0 ]
	claim 'the data is what it was, by its digest' [ "$(digest)" = "$before" ]
	claim 'version 1111111 is served' serves 1111111
	claim 'no release of the drill is left' [ "$(find "$target/site/releases" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	claim 'users saw 200 and 503, nothing else' saw_only 200 503
}

# make_artifact REVISION VARIANT...: the fixture's app with variants laid over it
make_artifact() {
	artifact=$folder/shop-$1
	cp -r tests/fixtures/shop "$artifact"
	printf '%s\n' "$1" >"$artifact/REVISION"
	shift
	for variant in "$@"; do cp -r "tests/fixtures/variants/$variant/." "$artifact"; done
}

# deploy REVISION OPTION...: sets code
deploy() {
	revision=$1
	shift
	say '' "  \$ backstay deploy --artifact shop-$revision --revision $revision"
	code=0
	(exec 9<&- && cd "$folder" && exec "$backstay" "$@" deploy --artifact "shop-$revision" --revision "$revision") 2>&1 || code=$?
	say "  exit $code" ''
	# Ctrl-C is backstay's as well: it has given everything back
	[ "$code" != 11 ] || exit 130
}

deploy_in_background() {
	say '' "  \$ backstay deploy --artifact shop-$1 --revision $1 &"
	(exec 9<&- && cd "$folder" && exec "$backstay" --progress plain deploy --artifact "shop-$1" --revision "$1") 2>&1 &
	runner=$!
}

# look WHEN: the site as a user gets it, the data as they are in the file
look() {
	say "  $(printf '%-9s' "$1") site $(site)" "            data $(describe)"
}

# Status and what is served, on one line.
site() {
	status=$(curl -s -m 20 -o "$folder/body" -w '%{http_code}' "$url/") || :
	case $status in 200) printf '%s %s\n' "$status" "$(head -n 1 "$folder/body")" ;; *) printf '%s\n' "$status" ;; esac
}

serves() { case $(site) in "200 shop $1,"*) ;; *) return 1 ;; esac }

database() { printf '%s\n' "$target/site/shared/storage/app/shop.sqlite"; }

# sql STATEMENT [FILE]
sql() { as_target sqlite3 -readonly -batch -cmd '.timeout 10000' "${2-$(database)}" "$1"; }

describe() {
	sql "SELECT (SELECT count(*) FROM sqlite_master WHERE type = 'table') || ' tables, ' || (SELECT count(*) FROM customers) || ' customers ('
		|| (SELECT group_concat(name, ' ') FROM pragma_table_info('customers')) || '), ' || (SELECT count(*) FROM orders) || ' orders'" "$@" | tr '\n' ','
	printf ' sha256 %s\n' "$(digest "$@" | cut -c 1-12)…"
}

# Every definition and row, read without Backstay.
digest() { sql .dump "$@" | sha256sum | cut -d ' ' -f 1; }

changed_from() { [ "$(digest)" != "$1" ]; }

has_column() { [ "$(sql "SELECT count(*) FROM pragma_table_info('customers') WHERE name = '$1'")" = 1 ]; }

# The exit code that stands for the newest run's state.
state() {
	state=0
	(exec 9<&- && cd "$folder" && exec "$backstay" status --exit-code >/dev/null) || state=$?
	echo "$state"
}

ended() { [ "$(state)" != 75 ]; }

# Asks the site all the time, as users do.
watch_site() {
	: >"$folder/seen"
	(
		exec 9<&-
		trap - EXIT
		while sleep 0.05; do
			curl -s -m 20 -o /dev/null -w '%{http_code}\n' "$url/" >>"$folder/seen" || :
		done
	) &
	watcher=$!
}

end_watch() {
	kill "$watcher"
	wait "$watcher" 2>/dev/null || :
	watcher=
	say "  users saw $(uniq -c "$folder/seen" | awk '{ printf "%s%s (%d times)", before, $2, $1; before = ", then " }')"
}

# saw_only STATUS...: each of them, and no other
saw_only() {
	[ "$(sort -u "$folder/seen" | tr '\n' ' ')" = "$* " ]
}

# await WHAT SECONDS COMMAND...: until it holds
await() {
	what=$1
	until_then=$(($(date +%s) + $2))
	shift 2
	until "$@"; do
		[ "$(date +%s)" -lt "$until_then" ] || {
			say "  NOT SEEN in time: $what"
			exit 1
		}
		sleep 0.1
	done
}

# claim TEXT TEST...: what does not hold ends the demo
claim() {
	text=$1
	shift
	if "$@"; then
		say "  ✓ $text"
	else
		say "  ✗ NOT SO: $text"
		exit 1
	fi
}

as_target() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="$TARGET_USER" --regid="$TARGET_USER" --init-groups --reset-env "$@"
	else
		sudo -n -H -u "$TARGET_USER" "$@"
	fi
}

as_target_in_a_session_of_its_own() {
	if [ "$(id -u)" = 0 ]; then
		setsid setpriv --reuid="$TARGET_USER" --regid="$TARGET_USER" --init-groups --reset-env "$@"
	else
		setsid sudo -n -H -u "$TARGET_USER" "$@"
	fi
}

heading() {
	printf '\n== %s\n' "$1"
	shift
	[ $# = 0 ] || printf '   %s\n' "$@"
}

say() { printf '%s\n' "$@"; }

# The target takes itself away once nobody holds it.
clean() {
	status=$?
	trap '' HUP INT TERM
	for process in $watcher $runner; do
		kill -KILL "$process" 2>/dev/null || :
		wait "$process" 2>/dev/null || :
	done
	exec 9<&-
	[ -z "$target_process" ] || wait "$target_process" || :
	if [ -n "${target-}" ] && { [ -e "$target" ] || as_target crontab -l 2>/dev/null | grep -qF "$target/"; }; then
		say "left behind, in spite of all: $target, or lines of it in the crontab of $TARGET_USER" >&2
		status=1
	fi
	rm -rf "$folder"
	exit "$status"
}

main "$@"
