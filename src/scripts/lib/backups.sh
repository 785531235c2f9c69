# What there is to restore from on this machine, for those who only look. It follows runs.sh and archive.sh.
# shellcheck shell=sh disable=SC2154

# For each archive a fact `archive` with columns: RUN, NAME, ENGINE, DATABASE, CREATED, BYTES, OBJECTS, and when and how it was looked at last
# (seconds, `hashes` or `restore`; `-` where it was not). For each thing that is wrong with one a fact `fault`: RUN, NAME, TEXT. For each
# copy that a run has sealed and that is kept a fact `kept`: RUN, NAME, ENGINE, DATABASE, BYTES.
say_backups() {
	for folder in "$BACKSTAY_PATH"/.backstay/copies/*/*/; do
		folder=${folder%/}
		case ${folder##*/} in *[!A-Za-z0-9_]*) continue ;; esac
		[ ! -d "$folder" ] || [ -L "$folder" ] || say_archive
	done
	each_run say_copies
}

say_archive() {
	name=${folder##*/} run=${folder%/*}
	run=${run##*/}
	at=- how=-
	fault=$(manifest_fault "$folder")
	if [ -n "$fault" ]; then
		emit fault "$run$TAB$name$TAB$fault"
	elif [ -s "$folder.verified" ]; then
		sum=$(sha256sum "$folder/manifest")
		# one that was put in its place has not been looked at
		if IFS=$TAB read -r of at how <"$folder.verified" && [ "$of" = "${sum%% *}" ]; then say_faults; else at=- how=-; fi
	fi
	emit archive "$run$TAB$name$TAB$(manifest_columns)$TAB$at$TAB$how"
}

say_faults() {
	sed 1d "$folder.verified" | while IFS= read -r text; do
		emit fault "$run$TAB$name$TAB$(printf '%s' "$text" | tr "$TAB" ' ')"
	done
}

manifest_columns() {
	awk 'BEGIN { FS = OFS = "\t" }
		$1 == "fact" { said[$2] = $3 }
		$1 == "object" { objects++; if ($4 != "-" && !seen[$4]++) bytes += $5 }
		END { print said["engine"], said["database"], said["created"], sprintf("%.0f", bytes), objects + 0 }' "$folder/manifest" 2>/dev/null || printf '\t\t\t0\t0\n'
}

# After a rollback such a mark may stand for the failed state.
say_copies() {
	[ "$run_state" = committed ] || return 0
	for mark in "$run_dir"/state/db-*/kept; do
		[ -f "$mark" ] || continue
		read -r file <"$mark" || file=
		bytes=-
		if [ -n "$file" ]; then
			[ -s "$file" ] || continue
			bytes=$(wc -c <"$file")
			bytes=$((bytes))
		fi
		folder=${mark%/kept}
		emit kept "$run$TAB${folder##*/db-}$TAB$(cat "$folder/driver" 2>/dev/null)$TAB$(cat "$folder/target" 2>/dev/null)$TAB$bytes"
	done
}
