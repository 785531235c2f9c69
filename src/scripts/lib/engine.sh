# What the engines of databases on a server have in common: words to people, and the names of what stands beside the live
# database. They follow BACKSTAY_DB_… and `live`.
# shellcheck shell=sh disable=SC2154

say_failed() {
	printf '%s\n' "$*" >&2
	exit 1
}

say() { printf '%s\n' "$*" >"$state/note"; }

# without_literals QUOTES: of statements, the last of four columns, what stands before the first literal or comment, since there data
# begin, and 80 characters at most. QUOTES begin a text.
without_literals() {
	awk -F '	' -v OFS='	' -v literal="[$1"'#$]|--|/[*]|(^|[^A-Za-z0-9_.])[0-9]' '{
		shown = $4
		if (match(shown, literal)) shown = substr(shown, 1, RSTART - 1) "…"
		if (length(shown) > 80) shown = substr(shown, 1, 80) "…"
		print $1, $2, $3, shown
	}'
}

persist() { sync "$@" 2>/dev/null || sync; }

# A name of ours for a run: name_of backstay 20261123t101500z_3f2a1c9. Names hold 63 bytes on PostgreSQL, 64 characters on MySQL.
name_of() { printf '%s__%s_%s' "$(short_name)" "$1" "$2"; }

short_name() {
	if [ "${#live}" -le 24 ]; then
		printf %s "$live"
	else
		hash=$(printf %s "$live" | cksum)
		# a cut in the middle of a character would be none
		printf '%.15s_%08x' "$(printf %s "$live" | tr -cd 'A-Za-z0-9_-')" "${hash%% *}"
	fi
}

# A run's id as it stands in names.
run_word() { printf %s "$1" | tr 'A-Z-' 'a-z_'; }

# The run that a name belongs to, where this path knows it: run_of shop__backstay_20261123t101500z_3f2a1c9 backstay
run_of() {
	for folder in "$BACKSTAY_PATH"/.backstay/runs/*/; do
		folder=${folder%/}
		[ "$(name_of "$2" "$(run_word "${folder##*/}")")" != "$1" ] || printf %s "${folder##*/}"
	done
}
