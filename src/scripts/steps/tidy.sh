#!/bin/sh
# Retention. Of the releases that Backstay made, the newest KEEP_RELEASES committed ones stay, and the live one and the
# one before it; failed ones go once their run has ended. Releases of others are never touched. Old run folders go too.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/release.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/run-states.sh"

RUNS=$BACKSTAY_PATH/.backstay/runs
STATES=$(run_states "$RUNS")
KEEP_RUNS=50

# Newest first: a run's id begins with its time.
newest_first() {
	for path in "$1"/*; do
		[ ! -e "$path" ] || printf '%s\n' "${path##*/}"
	done | sort -r
}

# First of all: whatever else fails here, the release that users see is not to be taken for a failed one later.
record_commit() {
	if [ "$BACKSTAY_DIRECTION" = committed ] && [ -f "$RECORDS/$BACKSTAY_RUN" ]; then
		write_file "$RECORDS/$BACKSTAY_RUN" committed
	fi
}

tidy_releases() {
	[ -d "$RECORDS" ] || return 0
	live=$(readlink -f "$CURRENT" 2>/dev/null) || live=
	kept=0 removed=0
	for id in $(newest_first "$RECORDS"); do
		release=$RELEASES/$id
		if [ ! -d "$release" ] && [ ! -d "$release.part" ]; then
			[ "$id" = "$BACKSTAY_RUN" ] || ! has_ended "$id" || rm -f "$RECORDS/$id"
			continue
		fi
		read -r state <"$RECORDS/$id" || state=made
		if [ "$state" = committed ]; then
			kept=$((kept + 1))
			[ "$kept" -gt "$KEEP_RELEASES" ] || continue
		fi
		real=$(readlink -f "$release") || real=$release
		if [ "$real" = "$live" ] || [ "$real" = "$BACKSTAY_OLD" ] || [ "$id" = "$BACKSTAY_RUN" ]; then continue; fi
		has_ended "$id" || continue
		# the others must not wait for one that holds files of another user
		if remove_release "$release.part" && remove_release "$release"; then
			rm -f "$RECORDS/$id"
			removed=$((removed + 1))
		else
			fact warning "$release could not be removed: files of another user are in it"
		fi
	done
	[ "$removed" -eq 0 ] || note "$removed old releases removed"
}

# A run's folder holds its log, and what a later rollback needs while its copies are kept (state/db-*/kept). Those that made or used
# archives are counted for themselves: a nightly backup is not to push out the deploys.
tidy_runs() {
	deploys=0 backups=0
	for id in $(newest_first "$RUNS"); do
		if [ -f "$RUNS/$id/backup" ]; then
			backups=$((backups + 1)) number=$backups
		else
			deploys=$((deploys + 1)) number=$deploys
		fi
		if [ "$number" -le "$KEEP_RUNS" ] || [ "$id" = "$BACKSTAY_RUN" ]; then continue; fi
		has_ended "$id" || continue
		[ ! -d "$BACKSTAY_PATH/.backstay/copies/$id" ] || continue
		for mark in "$RUNS/$id"/state/db-*/kept; do [ ! -e "$mark" ] || continue 2; done
		rm -rf "${RUNS:?}/$id"
	done
}

tidy_databases() {
	for name in $DATABASES; do
		in_database "$name" tidy || fact warning "the old copies of database $name could not be removed"
		forget_given_back
	done
}

# After a rollback of data, a copy that is no file has become the live data itself.
forget_given_back() {
	[ -n "${RESTORE_OF-}" ] && [ "$BACKSTAY_DIRECTION" = committed ] || return 0
	mark=$RUNS/$RESTORE_OF/state/db-$name/kept
	[ -s "$mark" ] || rm -f "$mark"
}

main() {
	record_commit
	tidy_databases
	tidy_releases
	tidy_runs
}

main
