# The fence: who else may work on the data, and how they are kept out. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# Sessions on the live schema and our own on its copies: id, account, state, statement; one a line. With an administrator's
# account those of the app wherever they are. What a statement may hold stays out of the run's state.
sessions() {
	of_app="FALSE"
	[ "$FENCE" != exclusive ] || of_app="USER = $(sql_text "$(cat "$state/app-user")")"
	raw=$BACKSTAY_SECRETS/$BACKSTAY_DB.sessions
	ask "SELECT ID, CONCAT(USER, '@', HOST), COMMAND, COALESCE(LEFT(REPLACE(REPLACE(INFO, '\n', ' '), '\t', ' '), 400), '') FROM information_schema.PROCESSLIST
		WHERE ID <> CONNECTION_ID() AND COMMAND NOT IN ('Daemon', 'Killed') AND USER NOT IN ('system user', 'event_scheduler')
		AND (DB IN ($(sql_text "$live"), $(sql_text "$shadow"), $(sql_text "$earlier")) OR $of_app)" >"$raw" || return 1
	without_literals "'\"" <"$raw" || return 1
	rm -f "$raw"
}

# What the fence is worth: exclusive when the administrator's account sees all sessions, may end them, and may lock the app
# out without locking itself out.
find_fence() {
	FENCE=cooperative
	[ ! -f "$state/fence" ] || {
		FENCE=$(cat "$state/fence")
		return 0
	}
	if [ -n "$ADMIN" ]; then
		"$CLIENT" --defaults-file="$BACKSTAY_DB_CNF" --batch --skip-column-names --raw <"$BACKSTAY_DB_DIR/who.sql" >"$state/who"
		sed -n 1p "$state/who" >"$state/app-user"
		sed -n 2p "$state/who" >"$state/app-account"
		mine=$(sql <"$BACKSTAY_DB_DIR/who.sql" | sed -n 2p)
		if [ "$mine" != "$(cat "$state/app-account")" ] && [ "$(ask "$(cat "$BACKSTAY_DB_DIR/may-fence.sql")")" = yes ]; then FENCE=exclusive; fi
	fi
	printf '%s\n' "$FENCE" >"$state/fence"
}

# Nobody else gets in, as far as that can be: closed again and again is harmless.
close_fence() {
	find_fence
	[ "$FENCE" = exclusive ] || return 0
	: >"$state/locked-out"
	persist "$state/fence" "$state/app-account" "$state/app-user" "$state/locked-out"
	printf 'ALTER USER %s ACCOUNT LOCK;\n' "$(cat "$state/app-account")" | sql
}

open_fence() {
	[ -e "$state/locked-out" ] || return 0
	printf 'ALTER USER %s ACCOUNT UNLOCK;\n' "$(cat "$state/app-account")" | sql
	rm -f "$state/locked-out"
}

# Ends the sessions and waits until none is left. KILL only sets a flag that a copying ALTER looks at now and then. Without an
# administrator idle sessions that stay for two seconds are of accounts that we may not end: they hold no lock, or the RENAME
# says so.
end_sessions() {
	tries=600
	while :; do
		sessions >"$state/sessions"
		[ -s "$state/sessions" ] || return 0
		awk -F '	' '{ print "KILL " $1 ";" }' "$state/sessions" | sql --force 2>/dev/null || :
		[ "$FENCE" = exclusive ] || [ "$tries" -gt 590 ] || ! awk -F '	' '$3 != "Sleep" { exit 1 }' "$state/sessions" || return 0
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || say_failed "sessions on $live cannot be ended: $(named_sessions)"
		sleep 0.2 2>/dev/null || sleep 1
	done
}

named_sessions() { awk -F '	' '{ printf "%s%s of %s: %s", (NR > 1 ? "; " : ""), $1, $2, ($4 == "" ? $3 : $4) }' "$state/sessions" | cut -b 1-300; }
