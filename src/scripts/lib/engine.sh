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
	# in bytes: some shells count letters
	if [ "$(printf %s "$live" | wc -c)" -le 24 ]; then
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

# --- for probe

refuse() {
	emit refuse "database $BACKSTAY_DB: $1"
	emit remedy "$2"
}

# tell_others WHAT WHY: for each of those on standard input who work on the data besides the app.
tell_others() {
	while IFS= read -r who; do
		leak="$1 works on $live: $who. $2"
		if [ "$ON_LEAK" = refuse ]; then
			refuse "$leak" "stop it for the deploy; or, where it only reads, set maintenance.on_leak to warn"
		else
			emit warning "database $BACKSTAY_DB: $leak"
		fi
	done
}

# --- for tidy, which follows run-states.sh

# The copy of a run that has committed is marked in the run's folder.
mark_of() { printf %s "$BACKSTAY_PATH/.backstay/runs/$1/state/db-$BACKSTAY_DB/kept"; }

mark_kept() {
	[ ! -e "$(mark_of "$1")" ] || return 0
	: >"$(mark_of "$1")"
	persist "$(mark_of "$1")"
}

# drop_old_copies DROP: of the copies on standard input, newest first, those beyond KEEP_COPIES, and those of runs that have come to nothing.
drop_old_copies() {
	kept=0
	while IFS= read -r name; do
		run=$(run_of "$name" backstay)
		# of another path, or of a run that is forgotten
		[ -n "$run" ] || continue
		if [ -e "$(mark_of "$run")" ]; then
			kept=$((kept + 1))
			[ "$kept" -gt "$KEEP_COPIES" ] || continue
			rm -f "$(mark_of "$run")"
		elif [ "$run" != "$BACKSTAY_RUN" ] && ! has_ended "$run"; then
			continue
		fi
		"$1" "$name" "$run"
	done
}
