# The fence: the live database is closed to everybody, and who is connected is put out. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# Who was connected is in $state/sessions afterwards.
close_fence() {
	: >"$state/closed"
	persist "$state/closed"
	raw=$BACKSTAY_SECRETS/$BACKSTAY_DB.sessions
	{ printf '%s\n' 'ALTER DATABASE :"live" ALLOW_CONNECTIONS false;' && cat "$BACKSTAY_DB_DIR/sessions.sql"; } | at_home -v which=all >"$raw"
	without_literals "'" <"$raw" >"$state/sessions"
	rm -f "$raw"
}

open_fence() {
	[ -e "$state/closed" ] || return 0
	ask 'ALTER DATABASE :"live" ALLOW_CONNECTIONS true'
	rm -f "$state/closed"
}

# sessions all|own: on the live database and those that an ended script of this run has left; or the latter alone.
sessions() {
	raw=$BACKSTAY_SECRETS/$BACKSTAY_DB.sessions
	from_file sessions -v which="$1" >"$raw" || return 1
	without_literals "'" <"$raw" || return 1
	rm -f "$raw"
}

# end_sessions all|own [TRIES]: ends those in $state/sessions and waits until none is left: the server may still carry out a statement
# whose client is long gone. Those of other roles cannot always be ended: on the way
# forward that is given up soon, on the way back late.
end_sessions() {
	tries=${2:-600}
	while [ -s "$state/sessions" ]; do
		awk -F '	' '{ print "SELECT pg_terminate_backend(" $1 ");" }' "$state/sessions" | at_home -v ON_ERROR_STOP=0 >/dev/null 2>&1 || :
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || say_failed "sessions on $live cannot be ended: $(named_sessions)"
		sleep 0.1 2>/dev/null || sleep 1
		sessions "$1" >"$state/sessions"
	done
}

named_sessions() { awk -F '	' '{ printf "%sprocess %s of %s: %s", (NR > 1 ? "; " : ""), $1, $2, ($4 == "" ? $3 : $4) }' "$state/sessions" | cut -b 1-300; }

# Transactions that wait for their second phase hold the database as sessions do. Before the seal there were none, so they are
# of what is taken back; ending one needs a connection.
end_prepared() {
	ask 'ALTER DATABASE :"live" ALLOW_CONNECTIONS true'
	printf '%s\n' "SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database() \\gexec" | sql "$live"
}
