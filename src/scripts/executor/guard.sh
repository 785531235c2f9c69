# --- guard: what starts recovery when the executor is dead and nobody else would

# Two crontab lines: every minute, and at boot. Recovery does nothing while the lock is held. The home directory's
# own lock keeps two apps of one user from writing the crontab at the same time.
install_guard() {
	GUARDED=none
	[ "$GUARD" != none ] || return 0
	if ! command -v crontab >/dev/null || ! edit_crontab install; then
		[ "$GUARD" = auto ] || {
			NOTE="the guard could not be installed: crontab failed for this user (runner.guard: none goes without)"
			return 1
		}
		return 0
	fi
	GUARDED=cron
}

remove_guard() {
	command -v crontab >/dev/null || return 0
	edit_crontab remove
}

# A line is known by its whole command: two apps may have runs of the same name.
edit_crontab() (
	table=$RUN_DIR/crontab
	command="sh '$RUN_DIR/executor' recover"
	case $RUN_DIR in *[\'%]*) command=$(printf "sh '%s' recover" "$(printf %s "$RUN_DIR/executor" | sed "s/'/'\\\\''/g")" | sed 's/%/\\%/g') ;; esac
	line="$command # backstay $RUN"
	exec 7<"$HOME" && flock 7 || exit 1
	crontab -l 2>/dev/null | grep -vF " $line" >"$table"
	[ "$1" != install ] || printf '%s\n' "* * * * * $line" "@reboot $line" >>"$table"
	if [ -s "$table" ]; then crontab "$table"; else crontab -r 2>/dev/null || :; fi || exit 1
	rm -f "$table"
	if [ "$1" = install ]; then crontab -l 2>/dev/null | grep -qF " $line"; fi
) 7<&- 9>&-
