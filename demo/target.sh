#!/bin/sh
# The demo's target: sshd, nginx and php-fpm on free loopback ports, in a folder of its own, all as the ordinary user that runs
# this. It lasts until its standard input ends, however the demo ended, and takes everything away again.
#
#   target.sh PUBLIC-KEY    prints `folder PATH`, `ssh PORT`, `http PORT`, `ready`
set -eu
umask 022

main() {
	cd /
	folder=$(mktemp -d /tmp/backstay-demo-target-XXXXXX)
	servers=
	trap clean EXIT
	trap 'exit 1' INT TERM HUP
	chmod 755 "$folder"
	free_ports
	lay_out
	start_sshd "$1"
	start_fpm
	start_nginx
	for port in "$ssh_port" "$http_port"; do await_port "$port"; done
	printf '%s\n' "folder $folder" "ssh $ssh_port" "http $http_port" ready
	while read -r _; do :; done
}

# Two at a time, so that they differ.
free_ports() {
	# shellcheck disable=SC2016 # PHP's variables
	ports=$(php -r 'foreach ([0, 1] as $n) { $s[$n] = stream_socket_server("tcp://127.0.0.1:0"); echo parse_url("tcp://" . stream_socket_get_name($s[$n], false), PHP_URL_PORT), " "; }')
	ssh_port=${ports%% *}
	http_port=${ports#* }
	http_port=${http_port% }
}

# What a person puts on a server before the first deploy.
lay_out() {
	mkdir -p "$folder/site/shared/storage/app"
	: >"$folder/site/shared/storage/app/shop.sqlite"
	printf 'APP_KEY=base64:%s\n' "$(openssl rand -base64 32)" >"$folder/site/shared/.env"
}

start_sshd() {
	ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
	printf '%s\n' "$1" >"$folder/allowed"
	cat >"$folder/sshd.conf" <<-CONF
		Port $ssh_port
		ListenAddress 127.0.0.1
		HostKey $folder/host
		AuthorizedKeysFile $folder/allowed
		UsePAM no
		StrictModes no
		PidFile none
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PrintMotd no
		PrintLastLog no
	CONF
	serve sshd /usr/sbin/sshd -D -e -f "$folder/sshd.conf"
}

start_fpm() {
	fpm=
	for program in /usr/sbin/php-fpm*; do [ ! -x "$program" ] || fpm=$program; done
	[ -n "$fpm" ] || {
		echo 'there is no php-fpm in /usr/sbin' >&2
		exit 1
	}
	cat >"$folder/fpm.conf" <<-CONF
		[global]
		error_log = $folder/fpm.log
		daemonize = no
		[www]
		listen = $folder/fpm.sock
		pm = static
		pm.max_children = 3
	CONF
	serve fpm "$fpm" -F -y "$folder/fpm.conf"
}

start_nginx() {
	mkdir "$folder/nginx"
	cat >"$folder/nginx.conf" <<-CONF
		pid $folder/nginx/pid;
		error_log $folder/nginx/error.log;
		daemon off;
		worker_processes 1;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $folder/nginx/body;
			proxy_temp_path $folder/nginx/proxy;
			fastcgi_temp_path $folder/nginx/fastcgi;
			uwsgi_temp_path $folder/nginx/uwsgi;
			scgi_temp_path $folder/nginx/scgi;
			server {
				listen 127.0.0.1:$http_port;
				root $folder/site/current/public;
				location / { try_files \$uri /index.php?\$query_string; }
				location ~ \\.php\$ {
					include /etc/nginx/fastcgi_params;
					fastcgi_param SCRIPT_FILENAME \$realpath_root\$fastcgi_script_name;
					fastcgi_param DOCUMENT_ROOT \$realpath_root;
					fastcgi_pass unix:$folder/fpm.sock;
				}
			}
		}
	CONF
	serve nginx /usr/sbin/nginx -c "$folder/nginx.conf"
}

# serve NAME COMMAND...: left running, its words in NAME.out
serve() {
	name=$1
	shift
	"$@" </dev/null >"$folder/$name.out" 2>&1 &
	servers="$servers $!"
}

await_port() {
	tries=0
	# shellcheck disable=SC2016 # PHP's variables
	until php -r 'exit(@fsockopen("127.0.0.1", (int) $argv[1]) ? 0 : 1);' "$1"; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || {
			echo "nothing listens on port $1:" >&2
			tail -n 3 "$folder"/*.out >&2
			exit 1
		}
		sleep 0.05
	done
}

# First what would start again, then what runs, then the files. Only what names our own folder is ours.
clean() {
	trap '' INT TERM HUP
	forget_guard
	forget_units
	for pid in $servers; do kill "$pid" 2>/dev/null || :; done
	rounds=0
	while [ "$rounds" -lt 50 ]; do
		ours=$(ours)
		[ -n "$ours" ] || break
		# shellcheck disable=SC2086 # several ids
		kill -KILL $ours 2>/dev/null || :
		rounds=$((rounds + 1))
		sleep 0.1
	done
	forget_guard
	rm -rf "$folder"
}

# The lock is the one that Backstay's own edits of a crontab take.
forget_guard() (
	crontab -l 2>/dev/null | grep -qF "$folder/" || exit 0
	exec 7<"$HOME" && flock 7
	crontab -l | grep -vF "$folder/" >"$folder/crontab" || :
	if [ -s "$folder/crontab" ]; then crontab "$folder/crontab"; else crontab -r; fi
)

forget_units() {
	for timer in "$HOME"/.config/systemd/user/backstay-*.timer; do
		grep -qF "# backstay $folder/" "$timer" 2>/dev/null || continue
		XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user stop "${timer##*/}" 2>/dev/null || :
		rm -f "${timer%/*}/timers.target.wants/${timer##*/}" "${timer%.timer}.service" "$timer"
	done
}

# Processes of this user that work in our folder or have it in their command line: executors, steps, sessions.
ours() {
	for process in /proc/[0-9]*; do
		pid=${process#/proc/}
		[ "$pid" != $$ ] && [ -O "$process" ] || continue
		case $(readlink "$process/cwd" 2>/dev/null) in "$folder"*)
			echo "$pid"
			continue
			;;
		esac
		! tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -qF "$folder/" || echo "$pid"
	done
}

main "$@"
