# Databases: each has a folder `databases/<name>/<driver>/` with its engine's scripts and parameters, and a state of its
# own. Which driver it is, and which schema or file, the step `settings` has found out.
# shellcheck shell=sh disable=SC2154

# in_database NAME SCRIPT: runs one script of a database's engine, if it has it. Those that protect must be there: a state that a
# power failure has emptied is no reason to believe that nothing has to be given back.
in_database() {
	BACKSTAY_DB=$1
	BACKSTAY_DB_STATE=$BACKSTAY_STATE/db-$1
	BACKSTAY_DB_CNF=$BACKSTAY_SECRETS/$1.cnf
	BACKSTAY_DB_DIR=$BACKSTAY_DIR/databases/$1/$(cat "$BACKSTAY_DB_STATE/driver" 2>/dev/null || :)
	BACKSTAY_DB_TARGET=$(cat "$BACKSTAY_DB_STATE/target" 2>/dev/null || :)
	export BACKSTAY_DB BACKSTAY_DB_DIR BACKSTAY_DB_STATE BACKSTAY_DB_CNF BACKSTAY_DB_TARGET
	rm -f "$BACKSTAY_DB_STATE/note"
	[ -f "$BACKSTAY_DB_DIR/$2" ] || case $2 in
	seal | restore | restore-of | unload | load | load-sql)
		printf '%s\n' "database $1: there is no way to $2 in $BACKSTAY_DB_DIR (its kind is what $BACKSTAY_DB_STATE/driver says)" >&2
		return 1
		;;
	*) return 0 ;;
	esac
	sh "$BACKSTAY_DB_DIR/$2"
}

# The file with an account that backstay.yml names for the database `name`, copied for this alone. Sets `file`.
copy_account() {
	file=$(cat "$BACKSTAY_STEP_DIR/$name.credentials")
	case $file in \~/*) file=$HOME/${file#??} ;; esac
	cp "$file" "$BACKSTAY_SECRETS/$name.cnf" 2>/dev/null
}

# Ends the step with TEXT and with what the engine's script said last, which stands in the step's log; before it the client's own
# error, where there was one.
database_failed() {
	said=$(tail -c 2000 "/proc/$$/fd/1" 2>/dev/null | tail -n 3)
	last=$(printf '%s\n' "$said" | tail -n 1)
	error=$(printf '%s\n' "$said" | grep -E '^ERROR [0-9]+' | tail -n 1 || :)
	case $last in *"$error"*) error= ;; esac
	fail "database $name $1: $last${error:+ ($error)}"
}

# The engine for what an app calls its driver.
engine_of() {
	case $1 in
	mariadb) printf mysql ;;
	pgsql) printf postgres ;;
	*) printf %s "$1" ;;
	esac
}

# What the engine's script had to say, for the step's note.
database_note() {
	if [ -s "$BACKSTAY_DB_STATE/note" ]; then
		notes="${notes:+$notes · }$(head -n 1 "$BACKSTAY_DB_STATE/note")"
	fi
}

# The facts that it left, for the journal.
database_facts() {
	[ -f "$BACKSTAY_DB_STATE/facts" ] || return 0
	while read -r fact value; do fact "$fact" "$value"; done <"$BACKSTAY_DB_STATE/facts"
}

# The names in the other direction.
reversed() {
	backward=
	for name in $1; do backward="$name $backward"; done
	printf %s "$backward"
}

# What this run has sealed of a database, as its engine names it.
copy_name() {
	case $(cat "$BACKSTAY_STATE/db-$1/driver") in
	sqlite) printf %s "$BACKSTAY_PATH/.backstay/copies/$BACKSTAY_RUN/$1.sqlite" ;;
	*) (
		live=$(cat "$BACKSTAY_STATE/db-$1/target")
		. "$BACKSTAY_DIR/lib/engine.sh"
		name_of backstay "$(run_word "$BACKSTAY_RUN")"
	) ;;
	esac
}

# The folder of an archive: archive_of RUN NAME
archive_of() { printf %s "$BACKSTAY_PATH/.backstay/copies/$1/$2"; }

# remove_archive RUN NAME: it is no archive any more from the first moment on, whatever happens next.
remove_archive() {
	folder=$(archive_of "$1" "$2")
	rm -rf "$folder.part"
	[ ! -e "$folder" ] || mv "$folder" "$folder.part" || return 1
	rm -rf "$folder.part" "$folder.verified" || return 1
	rmdir "${folder%/*}" 2>/dev/null || :
}

# What a run that is dead has left half written; nobody else writes while the lock is held. What cannot be removed is told.
remove_halves() {
	halves_left=0
	for half in "$BACKSTAY_PATH"/.backstay/copies/*/*.part*; do
		[ ! -e "$half" ] || rm -rf "$half" || halves_left=1
		rmdir "${half%/*}" 2>/dev/null || :
	done
	[ "$halves_left" -eq 0 ] || fact warning "what is left of the archives could not be removed from $BACKSTAY_PATH/.backstay/copies"
}
