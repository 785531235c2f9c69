# The fence: the live database is closed to everybody, and who is connected is put out. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

close_fence() {
	: >"$state/closed"
	persist "$state/closed"
	ask 'ALTER DATABASE :"live" ALLOW_CONNECTIONS false'
}

open_fence() {
	[ -e "$state/closed" ] || return 0
	ask 'ALTER DATABASE :"live" ALLOW_CONNECTIONS true'
	rm -f "$state/closed"
}

# sessions all|own: on the live database and those that an ended script of this run has left; or the latter alone.
sessions() { from_file sessions -v which="$1"; }

# Ends them and waits until none is left: the server may still carry out a statement whose client is long gone. Those of other
# roles cannot always be ended.
end_sessions() {
	tries=150
	while :; do
		sessions "$1" >"$state/sessions"
		[ -s "$state/sessions" ] || return 0
		awk -F '	' '{ print "SELECT pg_terminate_backend(" $1 ");" }' "$state/sessions" | at_home -v ON_ERROR_STOP=0 >/dev/null 2>&1 || :
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || say_failed "sessions on $live cannot be ended: $(named_sessions)"
		sleep 0.2 2>/dev/null || sleep 1
	done
}

named_sessions() { awk -F '	' '{ printf "%sprocess %s of %s: %s", (NR > 1 ? "; " : ""), $1, $2, ($4 == "" ? $3 : $4) }' "$state/sessions" | cut -b 1-300; }

# Transactions that wait for their second phase hold the database as sessions do. Before the seal there were none, so they are
# of what is taken back; ending one needs a connection.
end_prepared() {
	[ -n "$(ask "SELECT 1 FROM pg_prepared_xacts WHERE database = :'live' LIMIT 1")" ] || return 0
	ask 'ALTER DATABASE :"live" ALLOW_CONNECTIONS true'
	printf '%s\n' "SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database() \\gexec" | sql "$live"
}
