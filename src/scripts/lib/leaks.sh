# Who writes to data that are sealed, and is not the migration: what they write, a rollback takes away. It follows step.sh and
# databases.sh.
# shellcheck shell=sh disable=SC2154

# look_for_leaks MOMENT: `sealed`, when nothing of the run has written yet; `migrated`; `checked`, when requests of the smoke checks
# may have written, so that only other accounts say something. An engine that can tell leaves a line for each leak.
look_for_leaks() {
	BACKSTAY_MOMENT=$1
	export BACKSTAY_MOMENT
	for name in $DATABASES; do
		leaks=$BACKSTAY_STATE/db-$name/leaks
		[ -e "$BACKSTAY_STATE/db-$name/sealed" ] || continue
		rm -f "$leaks"
		in_database "$name" leaks || database_failed "could not be looked at for others who write to it"
		[ -s "$leaks" ] || continue
		becomes="A rollback takes away what they write"
		leave_as_it_is
		leak "database $name: others work on it since it was sealed: $(awk 'NR <= 5 { printf "%s%s", (NR > 1 ? "; " : ""), $0 }' "$leaks" | tr '\000-\037' ' ' | cut -b 1-600). $becomes"
	done
}

# While nobody of ours has written the data are what they were, and what has leaked in: without its mark nothing is given back, so
# that the leak is not lost. A hook in between may have written what has to be taken back.
leave_as_it_is() {
	[ "$BACKSTAY_MOMENT" = sealed ] && [ "$ON_LEAK" = refuse ] && [ ! -e "$BACKSTAY_STATE/hooked" ] || return 0
	rm -f "$BACKSTAY_STATE/db-$name/sealed"
	fact data untouched
	becomes="Nothing was migrated yet, so the data stay as they are, with what was written"
}

# Between the seal and the migration a hook of the user's may write: what was written until then is looked at before it, and again
# from after it on.
look_around_hook() {
	case $1-$BACKSTAY_STEP in
	before-after-protect | before-before-migrate)
		look_for_leaks sealed
		: >"$BACKSTAY_STATE/hooked"
		;;
	after-after-protect | after-before-migrate) look_for_leaks hooked ;;
	esac
}
