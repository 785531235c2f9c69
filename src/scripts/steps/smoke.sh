#!/bin/sh
# The checks that are made on this machine, in the live release; the runner's own follow before its verdict, then `last`. Files:
# `before-N` commands, and for each check `check-N` with `check-N.attempts`, `.every`, `.within` (seconds), `.required`.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/leaks.sh"

look_for_leaks migrated
cd "$BACKSTAY_LIVE"
for before in "$BACKSTAY_STEP_DIR"/before-*; do
	[ -f "$before" ] || continue
	printf '%s\n' "before: $(cat "$before")"
	with_env sh -eu "$before"
done
passed=0
for check in "$BACKSTAY_STEP_DIR"/check-?*; do
	case ${check##*/} in *.*) continue ;; esac
	[ -f "$check" ] || continue
	tries=$(cat "$check.attempts")
	printf '%s\n' "check: $(cat "$check")"
	until with_env timeout "$(cat "$check.within")" sh -eu "$check"; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			if [ -f "$check.required" ]; then
				note "failed: $(cat "$check")"
				fail "a required check failed: $(cat "$check")"
			fi
			fact check-failed "$(cat "$check")"
			break
		fi
		sleep "$(cat "$check.every")"
	done
	passed=$((passed + 1))
done
prove_maintenance
note "$passed checks on the target"
