# Whether a cron runs on this machine, for the executor and the probe.
# shellcheck shell=sh

# Debian's and Red Hat's write their pid down; the others are looked for by name. No process for it.
cron_runs() {
	{ read -r cron_pid </run/crond.pid && is_cron "/proc/$cron_pid/comm" && return 0; } 2>/dev/null
	for comm in /proc/[0-9]*/comm; do
		is_cron "$comm" && return 0
	done 2>/dev/null
	return 1
}

is_cron() {
	read -r comm_name <"$1" || return 1
	case $comm_name in cron | crond | fcron | systemd-cron) return 0 ;; esac
	return 1
}
