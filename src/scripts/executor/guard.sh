# --- guard: what starts recovery when the executor is dead and nobody else would

# Every minute, and at boot; recovery does nothing while the lock is held. By what works for this user: a cron that runs, else
# the user's own systemd, else a crontab that a cron may come to read.
install_guard() {
	GUARDED=none
	case $GUARD in
	none) return 0 ;;
	cron) ! install_lines || GUARDED=cron ;;
	systemd) ! install_timer || GUARDED=systemd ;;
	*)
		if cron_runs && install_lines; then
			GUARDED=cron
		elif install_timer; then
			GUARDED=systemd
		elif install_lines; then
			GUARDED=cron
		fi
		return 0
		;;
	esac
	[ "$GUARDED" = none ] || return 0
	case $GUARD in
	cron) NOTE="crontab failed for this user" ;;
	*) NOTE="no systemd of this user's own answers and stays without a login" ;;
	esac
	NOTE="the guard could not be installed: $NOTE (runner.guard: none goes without)"
	return 1
}

# Whichever it was: a run that is taken up again may have got another one.
remove_guard() {
	[ "$GUARD" != none ] || return 0
	removed=0
	! command -v crontab >/dev/null || edit_crontab remove || removed=1
	remove_timers || removed=1
	return "$removed"
}

# A cron that knows a table by the second of its change does not see a second change in the second of its own look. So the
# same is written again in a later one, beside the run.
install_lines() {
	edit_crontab install || return 1
	{
		sleep 1
		edit_crontab renew
	} </dev/null >/dev/null 2>&1 9>&- &
}

# The lines are the user's: what could not be read is never replaced, and no disk is needed on the way. The home
# directory's own lock keeps two apps of one user from writing the crontab at the same time. A line is known by its whole
# command: two apps may have runs of the same name.
edit_crontab() (
	command -v crontab >/dev/null && exec 7<"$HOME" && flock 7 || exit 1
	table=$(crontab -l 2>/dev/null) || case $(crontab -l 2>&1) in
	*'no crontab'* | *'No such file'*) table= ;;
	*) exit 1 ;;
	esac
	quoted=$RUN_DIR
	case $quoted in *[\'%]*) quoted=$(printf %s "$quoted" | sed -e "s/'/'\\\\''/g" -e 's/%/\\%/g') ;; esac
	line="sh '$quoted/executor' recover >>'$quoted/executor.log' 2>&1 # backstay $RUN"
	case $1-$table in renew-*" $line"*) ;; renew-*) exit 0 ;; esac
	rest=${table:+$table$NEWLINE} kept= found=
	while [ -n "$rest" ]; do
		entry=${rest%%"$NEWLINE"*} rest=${rest#*"$NEWLINE"}
		case $entry in
		*" $line") found=yes ;;
		*) if is_left_over "$entry"; then found=yes; else kept=$kept$entry$NEWLINE; fi ;;
		esac
	done
	[ "$1" != remove ] || [ -n "$found" ] || exit 0
	[ "$1" = remove ] || kept="$kept* * * * * $line$NEWLINE@reboot $line$NEWLINE"
	if [ -n "$kept" ]; then printf %s "$kept" | crontab -; else crontab -r; fi || exit 1
	[ "$1" = remove ] || crontab -l | grep -qF " $line"
) 7<&- 9>&-

# A line as ours are, of a run that is gone.
is_left_over() {
	case $1 in *" # backstay "*) ;; *) return 1 ;; esac
	folder=${1#*" sh '"}
	folder=${folder%%"/executor' recover >>'"*}
	command="sh '$folder/executor' recover >>'$folder/executor.log' 2>&1 # backstay ${folder##*/}"
	case $1 in "* * * * * $command" | "@reboot $command") ;; *) return 1 ;; esac
	case $folder in *[\'%]*) folder=$(printf %s "$folder" | sed -e "s/'\\\\''/'/g" -e 's/\\%/%/g') ;; esac
	is_gone "$folder"
}

# Whether a run's folder is there no more. Where nothing is in the nearest folder that is, a disk may only not be mounted yet.
is_gone() {
	case $1 in /*/*) ;; *) return 1 ;; esac
	[ ! -e "$1" ] || return 1
	above=${1%/*}
	until [ -d "$above/" ]; do above=${above%/*}; done
	for beside in "$above"/* "$above"/.[!.]*; do
		[ ! -e "$beside" ] || return 0
	done
	return 1
}

# Two units of the run's name; two apps of a user may have runs of the same name.
install_timer() {
	manager_stays || return 1
	units=$HOME/.config/systemd/user
	sum=$(printf %s "$RUN_DIR" | cksum) || return 1
	unit=backstay-$RUN-${sum%% *}
	{ mkdir -p "$units/timers.target.wants" && timer_text >"$units/$unit.timer" && service_text >"$units/$unit.service" &&
		ln -sf "../$unit.timer" "$units/timers.target.wants/$unit.timer"; } 2>/dev/null &&
		sync_paths "$units/$unit.timer" "$units/$unit.service" "$units" "$units/timers.target.wants" &&
		manage daemon-reload && manage start "$unit.timer" && return 0
	remove_timers
	return 1
}

timer_text() {
	printf '%s\n' "# backstay $RUN_DIR" '[Unit]' "Description=Ends the deploy $RUN when nobody else does" \
		'[Timer]' OnActiveSec=10s OnCalendar=minutely AccuracySec=1s
}

# What recovery starts, a worker, goes on after it; and 75 is a lock that is held.
service_text() {
	printf '%s\n' "# backstay $RUN_DIR" '[Unit]' "Description=Ends the deploy $RUN when nobody else does" \
		'[Service]' Type=oneshot KillMode=process SuccessExitStatus=75 \
		"ExecStart=/bin/sh -c 'exec sh \"\$\$1/executor\" recover >>\"\$\$1/executor.log\" 2>&1' sh $(unit_word "$RUN_DIR")"
}

# A word of a unit: % and $ stand for something there.
unit_word() { printf '"%s"' "$(printf %s "$1" | sed -e 's/[\\"]/\\&/g' -e 's/%/%%/g' -e 's/\$/$$/g')"; }

# This run's units, and those of runs that are gone. They are known by their first line.
remove_timers() {
	units=$HOME/.config/systemd/user found= failed=0
	for timer in "$units"/backstay-*.timer; do
		{ IFS= read -r mark <"$timer"; } 2>/dev/null || continue
		case $mark in '# backstay '*) ;; *) continue ;; esac
		[ "${mark#\# backstay }" = "$RUN_DIR" ] || is_gone "${mark#\# backstay }" || continue
		found=yes unit=${timer##*/}
		manage stop "$unit" || :
		rm -f "$units/timers.target.wants/$unit" "${timer%.timer}.service" "$timer" || failed=1
	done
	[ -z "$found" ] || manage daemon-reload || :
	return "$failed"
}
