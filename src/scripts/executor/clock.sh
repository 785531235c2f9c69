# --- clock: the machine's uptime in hundredths of a second, which no clock change moves

# Sets UP. Reading /proc costs no process.
uptime_cs() {
	read -r up_now _ </proc/uptime
	UP=${up_now%.*}${up_now#*.}
}

uptime_cs
read -r BOOT </proc/sys/kernel/random/boot_id || exit 1

# Wall-clock time of a line is this offset plus UP: a clock that jumps during a run does not reorder it.
set_wall_clock() {
	wall=$(date +%s%N)
	case $wall in
	*[!0-9]* | ??????????) wall=$(date +%s)000 ;;
	*) wall=${wall%??????} ;;
	esac
	WALL_OFFSET_MS=$((wall - UP * 10))
}

# Some sleeps know whole seconds only.
nap() { sleep "$1" 2>/dev/null || sleep 1; }
