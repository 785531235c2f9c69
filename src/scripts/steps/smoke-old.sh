#!/bin/sh
# After a rollback: the requests that the old version answered well before the run, asked again from here. What is seen is
# told; it does not decide. The file `owed` has a line for each: accepted statuses, path.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/maintenance.sh"

bypass=
if [ -e "$BACKSTAY_STATE/if-down" ] && [ "$PRESET" = laravel ]; then bypass=$(bypass_cookie); fi
good=0 bad=
while read -r statuses path; do
	seen=$(http_status "$path" "$bypass")
	case ",$statuses," in
	*",$seen,"*) good=$((good + 1)) ;;
	*) bad="$bad, GET $path $seen" ;;
	esac
	printf '%s\n' "GET $path: $seen (before: $statuses)"
done <"$BACKSTAY_STEP_DIR/owed"
if [ -n "$bad" ]; then
	note "old version: ${bad#, }"
	fact warning "the old version answers otherwise than before the run: ${bad#, }"
	exit 1
fi
if [ "$good" -eq 1 ]; then note "old version: its check answers as before"; else note "old version: its $good checks answer as before"; fi
