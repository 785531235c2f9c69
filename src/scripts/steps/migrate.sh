#!/bin/sh
# The new release's own migration, once 503 has been proven again.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"
. "$BACKSTAY_DIR/lib/workers.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/leaks.sh"
prove_maintenance
[ ! -e "$BACKSTAY_STATE/if-down" ] || prove_workers_stopped
look_for_leaks sealed
fact data migrated
cd "$BACKSTAY_RELEASE"
status=0
with_env sh -eu "$BACKSTAY_STEP_DIR/command" || status=$?
if [ "$status" -eq 0 ] && [ "$PRESET" = laravel ] && [ -z "${DRILL-}" ]; then
	# Laravel exits 0 as well when what a migration threw cannot be written into its log: it is asked what did not run.
	with_env "$PHP" "$BACKSTAY_DIR/lib/laravel.php" pending >"$BACKSTAY_STATE/left"
	left=$(sed -n 's/^pending	//p' "$BACKSTAY_STATE/left" | head -n 3 | tr '\n' ' ')
	[ -z "$left" ] || fail "the command exited 0, but has not run $left"
fi
if [ "$status" -ne 0 ]; then
	# what it printed stands in the step's log already, line by line as it came, so that people could see it live
	why=$(grep -m 1 -E 'SQLSTATE|Exception|[Ee]rror' "$BACKSTAY_DIR/log/${BACKSTAY_STEP_DIR##*/}.log" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | cut -b 1-300 || :)
	[ "$status" -ne 137 ] || why="it was ended by SIGKILL: is the machine short of memory?"
	[ -z "$why" ] || note "$why"
	exit 1
fi
look_for_leaks migrated
# What is committed stays, also after a power failure: servers may hold their log back.
for name in $DATABASES; do
	in_database "$name" flush || database_failed "could not be written to the disk"
done
if [ -s "$BACKSTAY_STATE/pending" ]; then note "$(head -n 3 "$BACKSTAY_STATE/pending" | tr '\n' ' ')"; fi
