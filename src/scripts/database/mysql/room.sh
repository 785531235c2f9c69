# Room on the server's disk while it is filled. MariaDB aborts where it cannot even take a statement back for lack of room, and the
# site's own writes need some: so what is copied is stopped while there is some left. Sourced by engine.sh.
# shellcheck shell=sh disable=SC2154,SC2034

ROOM_MB=64
# On the way back it goes on for longer: it may be the little that is left to load.
LOAD_ROOM_MB=16

# The folder of the server's files, where that is on this machine.
server_folder() {
	folder=$(ask "SELECT IF(@@hostname = $(sql_text "$(uname -n)"), @@datadir, '')") || return 1
	[ ! -d "$folder" ] || printf %s "$folder"
}

free_mb() { df -Pk "$1" | awk 'NR == 2 { printf "%d", $4 / 1024 }'; }

# begin_watch [load]: until `end_watch` the disk is looked at; our sessions on copies are ended when it is short, which lets their
# clients fail. Who loads goes by the file itself: those sessions may be in the live schema, where others are.
begin_watch() {
	watch=
	rm -f "$state/no-room"
	watched=$(server_folder) && [ -n "$watched" ] || return 0
	watch_room "$@" &
	watch=$!
}

watch_room() {
	# no step has to wait for it
	exec 8>&- 9>&-
	live=$shadow FENCE=cooperative wanted=$ROOM_MB pause=0.5
	[ -z "${1-}" ] || wanted=$LOAD_ROOM_MB pause=0.1
	while kill -0 $$ 2>/dev/null; do
		free=$(free_mb "$watched")
		[ "${free:-$wanted}" -ge "$wanted" ] || printf '%s\n' "$free" >"$state/no-room"
		has_room || [ -n "${1-}" ] || end_sessions
		sleep $pause 2>/dev/null || sleep 1
	done
}

end_watch() {
	[ -n "$watch" ] || return 0
	kill "$watch" 2>/dev/null || :
	wait "$watch" 2>/dev/null || :
	watch=
}

has_room() { [ ! -e "$state/no-room" ]; }

# What a failure is called that may have come from that.
or_no_room() {
	has_room || say_failed "the server's disk has $(cat "$state/no-room") MB free ($watched): copying was stopped before it is full, and what was copied is removed. Make room there: old copies (keep_copies), failed states (keep_failed), binary logs"
	say_failed "$1"
}
