# The swap. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# swap FROM AWAY OID SETTINGS: the live database goes to AWAY, FROM becomes live. Has it happened? The database with the OID of
# FROM has the name of the live one. What is kept outside of it is compared with the file SETTINGS, and only then is it opened.
swap() {
	from=$1 away=$2 oid=$3 wanted=$4
	await_server
	end_sessions own
	now=$(ask "SELECT (SELECT count(*) FROM pg_prepared_xacts WHERE database = :'live') || ' ' || datname FROM pg_database WHERE oid = :oid" -v oid="$oid")
	case ${now#* } in
	"$live") ;;
	"$from")
		[ "${now%% *}" = 0 ] || end_prepared
		close_fence
		end_sessions all
		by_force from_file rename -v from="$from" -v away="$away" || say_failed "$live could not be swapped with its copy: $(tail -n 2 "$state/refused" | tr '\n' ' ')"
		;;
	*) say_failed "the copy $from is not there any more: $live was not touched" ;;
	esac
	settings "$live" >"$state/settings.now"
	cmp -s "$wanted" "$state/settings.now" || {
		diff "$wanted" "$state/settings.now" | cut -b 1-500 >&2 || :
		say_failed "$live was swapped, but owner, privileges or settings are not those from before; it stays closed"
	}
	open_fence
	printf 'SELECT 1;\n' | sql "$live" >/dev/null || say_failed "$live was swapped, but cannot be connected to"
}
