# The swap. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

# swap FROM AWAY OID SETTINGS: the live database goes to AWAY, FROM becomes live. Has it happened? The database with the OID of
# FROM has the name of the live one. What is kept outside of it is compared with the file SETTINGS, and only then is it opened.
# Most of it is one session (swap.sql), since to start a client takes longer than anything that it does there. Where that session
# comes upon something in its way, this is removed, and the next one begins from the start.
swap() {
	from=$1 away=$2 oid=$3
	BACKSTAY_WANTED=$4 BACKSTAY_NOW=$state/settings.now BACKSTAY_RAW=$BACKSTAY_SECRETS/$BACKSTAY_DB.sessions
	export BACKSTAY_WANTED BACKSTAY_NOW BACKSTAY_RAW
	: >"$state/closed"
	persist "$state/closed"
	attempts=5
	until swap_at_once; do
		attempts=$((attempts - 1))
		case $attempts-$went in
		*-gone) say_failed "the copy $from is not there any more: $live was not touched" ;;
		*-settings)
			diff "$BACKSTAY_WANTED" "$BACKSTAY_NOW" | cut -b 1-500 >&2 || :
			say_failed "$live was swapped, but owner, privileges or settings are not those from before; it stays closed"
			;;
		0-swapped) say_failed "$live was swapped, but cannot be connected to" ;;
		0-*) say_failed "$live could not be swapped with its copy: $(tail -n 2 "$state/refused" | tr '\n' ' ')" ;;
		esac
		remove_from_way
	done
	rm -f "$state/closed"
}

# Sets `went`, swap.sql's word: `refused` where the session itself ended before it had one.
swap_at_once() {
	for home in postgres template1; do
		[ "$home" != "$live" ] || continue
		went=$(from_file swap -v from="$from" -v away="$away" -v oid="$oid" -v statements="$BACKSTAY_DB_DIR" -v raw="$BACKSTAY_RAW" -v now="$BACKSTAY_NOW" \
			-v to_live="$(conninfo_of "$live")" 2>"$state/refused") || went=${went:-refused}
		rm -f "$BACKSTAY_RAW"
		went=$(printf '%s\n' "$went" | tail -n 1)
		case $went in
		live) return 0 ;;
		refused) ;;
		*) return 1 ;;
		esac
	done
	return 1
}

# Until the live database is closed the sessions on it are not looked at: who was put out would come again.
remove_from_way() {
	case $went in
	left) end_those own ;;
	sessions) end_those all ;;
	prepared)
		await_server
		end_prepared
		;;
	*)
		sleep 1
		await_server
		;;
	esac
}

end_those() {
	await_server
	sessions "$1" >"$state/sessions"
	end_sessions "$1"
}
