# --- guard: what starts recovery when the executor is dead and nobody else would

# Two crontab lines: every minute, and at boot. Recovery does nothing while the lock is held.
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
	[ "$GUARD" != none ] && command -v crontab >/dev/null || return 0
	edit_crontab remove
}

# The lines are the user's: what could not be read is never replaced, and no disk is needed on the way. The home
# directory's own lock keeps two apps of one user from writing the crontab at the same time. A line is known by its whole
# command: two apps may have runs of the same name.
edit_crontab() (
	exec 7<"$HOME" && flock 7 || exit 1
	table=$(crontab -l 2>/dev/null) || case $(crontab -l 2>&1) in
	*'no crontab'* | *'No such file'*) table= ;;
	*) exit 1 ;;
	esac
	quoted=$RUN_DIR
	case $quoted in *[\'%]*) quoted=$(printf %s "$quoted" | sed -e "s/'/'\\\\''/g" -e 's/%/\\%/g') ;; esac
	line="sh '$quoted/executor' recover >>'$quoted/executor.log' 2>&1 # backstay $RUN"
	case $table in
	*" $line"*) ;;
	*) [ "$1" = install ] || exit 0 ;;
	esac
	kept=$(printf '%s\n' "$table" | grep -vF " $line")
	[ "$1" != install ] || kept="$kept${kept:+$NEWLINE}* * * * * $line$NEWLINE@reboot $line"
	if [ -n "$kept" ]; then printf '%s\n' "$kept" | crontab -; else crontab -r; fi || exit 1
	[ "$1" = remove ] || crontab -l | grep -qF " $line"
) 7<&- 9>&-
