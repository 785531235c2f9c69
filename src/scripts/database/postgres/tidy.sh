#!/bin/sh
# Retention: the copies of the newest committed runs stay, failed states until their time is over. Only databases that carry this
# one's name and a run's are ever dropped, and only where that run has claimed the name.
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DIR/lib/run-states.sh"
STATES=$(run_states "$BACKSTAY_PATH/.backstay/runs")

main() {
	tidy_dumps
	! is_dump || return 0
	await_server
	if [ "$BACKSTAY_DIRECTION" = committed ] && [ -e "$state/sealed" ]; then mark_kept "$BACKSTAY_RUN"; fi
	# what a drill has broken nobody looks at afterwards
	[ -z "${DRILL-}" ] || drop_database "$failed"
	drop_database "$earlier"
	drop_database "$replaced"
	# a list that could not be had is no empty one
	databases backstay >"$state/beside"
	drop_old_copies drop_database <"$state/beside"
	databases failed >"$state/beside"
	while IFS= read -r name; do
		run=$(run_of "$name" failed)
		[ -n "$run" ] || continue
		# the run's folder is what says that the database is ours
		mark_kept "$run"
		[ "$(ask "SELECT to_timestamp(translate(left(:'run', 15), 'T', ''), 'YYYYMMDDHH24MISS') < now() - interval '1 minute' * :minutes" -v run="$run" -v minutes="$KEEP_FAILED_MIN")" = t ] || continue
		drop_database "$name" "$run"
		rm -f "$(mark_of "$run")"
	done <"$state/beside"
}

# This database's databases of one kind, newest first: a run's id begins with its time.
databases() { ask "SELECT datname FROM pg_database WHERE left(datname, length(:'prefix')) = :'prefix' ORDER BY datname COLLATE \"C\" DESC" -v prefix="$(name_of "$1" "")"; }

main
