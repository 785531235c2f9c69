# --- journal: one line a fact, `SEQ UPTIME_CS WALL_MS FACT… #CKSUM`; see src/journal/ for the reader

JOURNAL=$RUN_DIR/journal
SEQ=0 TORN=

# A sync that fails is a failure. Some know no files: those cannot sync /dev either, and the plain one serves.
SYNC_PLAIN=
sync_paths() {
	if [ -z "$SYNC_PLAIN" ]; then
		sync "$@" 2>/dev/null && return 0
		! sync /dev 2>/dev/null || return 1
		SYNC_PLAIN=yes
	fi
	sync
}

# append FACT…: 0 when the line is written and on the disk, 1 when it is not in the journal, 2 when it is and may not be
# on the disk. On a full disk the space kept for this moment is used. A torn line is closed by `~` before the next one:
# it can neither swallow that nor become whole by it.
append() {
	uptime_cs
	LINE=$*
	case $LINE in *[!\ -~]*) one_line "$LINE" ;; esac
	entry="$((SEQ + 1)) $UP $((WALL_OFFSET_MS + UP * 10)) $LINE"
	sum=$(printf %s "$entry" | cksum) || return 1
	entry="$entry #${sum%% *}"
	write_line "$TORN$entry" || {
		rm -f "$RUN_DIR/ballast"
		TORN="~$NEWLINE"
		write_line "$TORN$entry" || return 1
	}
	TORN= QUIET_MIN=0
	SEQ=$((SEQ + 1))
	sync_paths "$JOURNAL" || return 2
}

write_line() { printf '%s\n' "$1" 2>/dev/null >>"$JOURNAL"; }

# Space for the records that matter most on a full disk: the way back needs some 50 lines. The journal's own, where the file
# system can do that, behind its end, where nobody else can take it; and a file that is given up for all else. Zeros would take
# no space on some.
reserve_space() {
	fallocate -n -l 65536 "$JOURNAL" 2>/dev/null || :
	dd if=/dev/urandom of="$RUN_DIR/ballast" bs=65536 count=1 2>/dev/null && sync_paths "$RUN_DIR/ballast"
}

# A text of somebody else's as one printable line of bounded length: sets LINE. Most need no process for it.
one_line() {
	LINE=$1
	case $LINE in
	*[!\ -~]*) ;;
	*) [ "${#LINE}" -gt 400 ] || return 0 ;;
	esac
	LINE=$(printf %s "$LINE" | tr '\000-\037\177' ' ' | cut -b 1-400 | whole_letters)
}

# What is no UTF-8, a letter that was cut in two included, is left out.
whole_letters() {
	if command -v iconv >/dev/null; then iconv -c -f UTF-8 -t UTF-8 2>/dev/null || :; else tr '\200-\377' '?'; fi
}

# Sets what the journal says: STARTED PLAN_HASH BEGUN (newest first) UNDONE COMMIT RESTORED ABORT ENDED MAINTENANCE_ON
# ACCEPTED NOTIFIED QUIET_MIN SEQ. A torn line, one without its end, is as if never written; one that is lost in the middle
# is DAMAGED. It fails when what was read may not be on the disk.
empty_journal() {
	STARTED= PLAN_HASH= START_BOOT= BEGUN= UNDONE= COMMIT= RESTORED= ABORT= ENDED= ACCEPTED= MAINTENANCE_ON= DAMAGED= NOTIFIED=
	SEQ=0 TORN= QUIET_MIN=0
}

read_journal() {
	empty_journal
	[ -f "$JOURNAL" ] || return 0
	set -f
	while IFS= read -r entry; do
		body=${entry% \#*}
		sum=$(printf %s "$body" | cksum)
		# shellcheck disable=SC2086
		case $entry in "$body #${sum%% *}") fold_line $body ;; esac
	done <"$JOURNAL"
	set +f
	[ "$(tail -c 1 "$JOURNAL" | od -An -tx1 | tr -d ' ')" = 0a ] || [ ! -s "$JOURNAL" ] || TORN="~$NEWLINE"
	sync_paths "$JOURNAL"
}

fold_line() {
	[ "$1" -eq $((SEQ + 1)) ] || DAMAGED="line $1 follows line $SEQ"
	SEQ=$1 at=$2
	# of another boot it may seem to be in the future
	QUIET_MIN=$(((UP - at) / 6000))
	[ "$QUIET_MIN" -ge 0 ] || QUIET_MIN=$((UP / 6000))
	shift 3
	case $1 in
	start) STARTED=yes START_BOOT=$2 PLAN_HASH=$3 ;;
	begin) BEGUN="$2 $BEGUN" ;;
	undone) UNDONE="$UNDONE $2" ;;
	abort)
		shift
		[ -n "$ABORT" ] || ABORT="$*"
		;;
	commit) COMMIT=yes ;;
	restored) RESTORED=yes ;;
	fact) case $2-$3 in maintenance-on) MAINTENANCE_ON=$at ;; maintenance-off) MAINTENANCE_ON= ;; esac ;;
	notified) [ "$3" != 0 ] || NOTIFIED=$2 ;;
	ended) ENDED=$2 ;;
	retry) ENDED= ACCEPTED= NOTIFIED= ;;
	accept)
		ENDED= NOTIFIED= ACCEPTED=$2
		shift 2
		ACCEPTED_BY="$*"
		;;
	esac
}
