# Databases: each has a folder `databases/<name>/` with its engine's scripts and parameters, and a state of its own.
# shellcheck shell=sh disable=SC2154

# in_database NAME SCRIPT: runs one script of a database's engine, if it has it.
in_database() {
	BACKSTAY_DB=$1
	BACKSTAY_DB_DIR=$BACKSTAY_DIR/databases/$1
	BACKSTAY_DB_STATE=$BACKSTAY_STATE/db-$1
	BACKSTAY_DB_CNF=$BACKSTAY_SECRETS/$1.cnf
	export BACKSTAY_DB BACKSTAY_DB_DIR BACKSTAY_DB_STATE BACKSTAY_DB_CNF
	[ -f "$BACKSTAY_DB_DIR/$2" ] || return 0
	(umask 077 && mkdir -p "$BACKSTAY_DB_STATE")
	rm -f "$BACKSTAY_DB_STATE/note"
	sh "$BACKSTAY_DB_DIR/$2"
}

# What the engine's script had to say, for the step's note.
database_note() {
	if [ -s "$BACKSTAY_DB_STATE/note" ]; then
		notes="${notes:+$notes · }$(head -n 1 "$BACKSTAY_DB_STATE/note")"
	fi
}

# The names in the other direction.
reversed() {
	backward=
	for name in $1; do backward="$name $backward"; done
	printf %s "$backward"
}
