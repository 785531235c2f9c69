# --- journal: one line a fact, `SEQ UPTIME_CS WALL_MS FACT… #CKSUM`; see src/journal/ for the reader

JOURNAL=$RUN_DIR/journal
SEQ=0

# `sync FILE` is coreutils; where a first try fails, plain `sync` serves from then on.
SYNC_PLAIN=
sync_paths() {
	if [ -z "$SYNC_PLAIN" ]; then
		sync "$@" 2>/dev/null && {
			SYNC_PLAIN=no
			return 0
		}
		SYNC_PLAIN=yes
	fi
	if [ "$SYNC_PLAIN" = no ]; then sync "$@"; else sync; fi
}

# One line, whole or an error. A torn line before it is closed first, so that it cannot swallow this one.
write_line() { printf '%s%s #%s\n' "$1" "$2" "$3" >>"$JOURNAL"; }

# append FACT…: written and synced, or non-zero. When the disk is full, the space kept for this moment is used.
append() {
	uptime_cs
	entry="$((SEQ + 1)) $UP $((WALL_OFFSET_MS + UP * 10)) $*"
	sum=$(printf %s "$entry" | cksum) || return 1
	sum=${sum%% *}
	write_line "" "$entry" "$sum" 2>/dev/null || {
		rm -f "$RUN_DIR/ballast"
		write_line '
' "$entry" "$sum" || return 1
	}
	sync_paths "$JOURNAL" || return 1
	SEQ=$((SEQ + 1))
}

# Space for the records that matter most on a full disk: the way back needs some 50 lines.
reserve_space() { dd if=/dev/zero of="$RUN_DIR/ballast" bs=65536 count=1 2>/dev/null && sync_paths "$RUN_DIR/ballast"; }

# A text of somebody else's as one printable line of bounded length.
one_line() {
	case $1 in
	*[!\ -~]*) ;;
	# most texts are such a line already
	*) [ "${#1}" -gt 400 ] || {
		printf %s "$1"
		return
	} ;;
	esac
	printf %s "$1" | tr '\000-\037\177' '[ *]' | cut -b 1-400
}

# Sets what the journal says: STARTED PLAN_HASH BEGUN (newest first) UNDONE COMMIT RESTORED ABORT ENDED MAINTENANCE_ON
# AWAITED SEQ. A line that is torn or damaged at the end is as if never written; one in the middle is DAMAGED.
empty_journal() {
	STARTED= PLAN_HASH= START_BOOT= BEGUN= UNDONE= COMMIT= RESTORED= ABORT= ENDED= STUCK= MAINTENANCE_ON= AWAITED= DAMAGED=
	SEQ=0
}

read_journal() {
	empty_journal
	[ -f "$JOURNAL" ] || return 0
	sync_paths "$JOURNAL" || return 1
	set -f
	while IFS= read -r entry || [ -n "$entry" ]; do
		[ -n "$entry" ] || continue
		body=${entry% \#*}
		sum=$(printf %s "$body" | cksum) || return 1
		case $entry in *" #${sum%% *}") ;; *) continue ;; esac
		# shellcheck disable=SC2086
		fold_line $body
	done <"$JOURNAL"
	set +f
	# A next line may follow a torn one only because it was repeated: its number then follows the last whole one.
	last=$(tail -c 1 "$JOURNAL" | od -An -tx1 | tr -d ' \n')
	[ "$last" = 0a ] || printf '\n' >>"$JOURNAL"
}

fold_line() {
	[ "$1" -eq $((SEQ + 1)) ] || DAMAGED="line $1 follows line $SEQ"
	SEQ=$1 at=$2
	shift 3
	case $1 in
	start) STARTED=yes START_BOOT=$2 PLAN_HASH=$3 ;;
	begin) BEGUN="$2 $BEGUN" ;;
	undone) UNDONE="$UNDONE $2" ;;
	abort)
		shift
		[ -n "$ABORT" ] || ABORT="$*"
		;;
	await) AWAITED=yes ;;
	commit) COMMIT=yes ;;
	restored) RESTORED=yes ;;
	fact) case $2-$3 in maintenance-on) MAINTENANCE_ON=$at ;; maintenance-off) MAINTENANCE_ON= ;; esac ;;
	ended)
		ENDED=$2
		shift 2
		STUCK="$*"
		;;
	retry) ENDED= ;;
	esac
}
