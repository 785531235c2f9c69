#!/bin/sh
# Retention: the copies of the newest committed runs stay, failed states until their time is over. Only schemas that carry this
# database's name, a run's, and our marker are ever dropped.
. "$BACKSTAY_DB_DIR/engine.sh"
. "$BACKSTAY_DIR/lib/run-states.sh"
STATES=$(run_states "$BACKSTAY_PATH/.backstay/runs")

main() {
	await_server
	if [ "$BACKSTAY_DIRECTION" = committed ] && [ -e "$state/sealed" ]; then
		# where it is a file, that it is there is looked at before a rollback
		if [ -d "$state/archive" ]; then printf '%s\n' "$state/archive/manifest" >"$state/kept"; else : >"$state/kept"; fi
		persist "$state/kept"
	fi
	tidy_beside
	# what a drill has broken nobody looks at afterwards
	[ -z "${DRILL-}" ] || drop_schema "$failed"
	drop_schema "$earlier"
	drop_schema "$replaced"
	# a list that could not be had is no empty one
	schemas backstay >"$state/beside"
	drop_old_copies drop_schema <"$state/beside"
	schemas failed >"$state/beside"
	while IFS= read -r schema; do
		[ "$(ask "SELECT STR_TO_DATE(LEFT($(sql_text "${schema##*__failed_}"), 15), '%Y%m%dt%H%i%s') < UTC_TIMESTAMP() - INTERVAL $KEEP_FAILED_MIN MINUTE")" != 1 ] || drop_schema "$schema"
	done <"$state/beside"
}

# This database's schemas of one kind, newest first: a run's id begins with its time.
schemas() {
	prefix=$(sql_text "$(name_of "$1" "")")
	ask "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, CHAR_LENGTH($prefix)) = $prefix ORDER BY SCHEMA_NAME DESC"
}

main
