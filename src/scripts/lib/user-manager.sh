# The user's own systemd: what it runs goes on without a login, once the user lingers.
# shellcheck shell=sh

# Where it listens: over ssh, and in cron, nothing says so.
name_manager() {
	XDG_RUNTIME_DIR=/run/user/$(id -u)
	DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
	export XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
}

# manage WORD…: one that hangs is as good as none.
manage() (
	name_manager
	exec timeout 10 systemctl --user "$@"
) >/dev/null 2>&1 9>&-

manager_answers() { manage show --property=Version; }

lingers() { [ -e "/var/lib/systemd/linger/$(id -un)" ]; }

# Whether it is there, and stays when the login ends. A user may ask for that where polkit says so, which is the default.
manager_stays() {
	command -v systemctl >/dev/null || return 1
	if lingers; then
		manager_answers
		return
	fi
	timeout 10 loginctl --no-ask-password enable-linger "$(id -un)" >/dev/null 2>&1 9>&- || return 1
	manager_tries=50
	until manager_answers; do
		[ "$manager_tries" -gt 0 ] || return 1
		manager_tries=$((manager_tries - 1))
		nap 0.1
	done
}

# Whether logind ends what this login has started, when it ends: lingering alone keeps none of it. Of several files the last
# one counts. No process for it, but where it is so.
login_ends_all() {
	in_session=
	while read -r cgroup; do
		case $cgroup in */session-*.scope | */session-*.scope/*) in_session=yes ;; esac
	done </proc/self/cgroup
	[ -n "$in_session" ] || return 1
	kills='' kills_only='' kills_not=root
	for conf in /etc/systemd/logind.conf /usr/lib/systemd/logind.conf.d/*.conf /run/systemd/logind.conf.d/*.conf /etc/systemd/logind.conf.d/*.conf; do
		[ -r "$conf" ] || continue
		while IFS='= 	' read -r key value || [ -n "$key" ]; do
			case $key in
			KillUserProcesses) case $value in 1 | [Yy]* | [Tt]* | [Oo][Nn]) kills=yes ;; *) kills= ;; esac ;;
			KillOnlyUsers) kills_only=$value ;;
			KillExcludeUsers) kills_not=$value ;;
			esac
		done <"$conf"
	done
	[ -n "$kills" ] || return 1
	name=$(id -un)
	case " $kills_not " in *" $name "*) return 1 ;; esac
	[ -z "$kills_only" ] || case " $kills_only " in *" $name "*) ;; *) return 1 ;; esac
}
