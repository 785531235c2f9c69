#!/bin/sh
# Takes a file from the runner in pieces and puts it in place when it is whole and on the disk.
# usage: upload FILE
# stdin: for each piece a line with its length and then its bytes; at the end a line `end SHA256 BYTES FORMAT`.
# Beside FILE the file `done` then says the same. An upload that is cut leaves nothing behind.
set -eu
umask 077
file=$1
folder=${file%/*}

give_up() {
	printf '%s\n' "$*" >&2
	exit 1
}

in_place() {
	found=$(wc -c <"$part")
	[ "$((found))" = "$2" ] || give_up "$((found)) of $2 bytes arrived in $folder"
	# an upload over an earlier link may have been slow and not lost: the step reads what came first
	[ ! -s "$folder/done" ] || return 0
	mv -f "$part" "$file"
	printf '%s\n' "$*" >"$folder/done.new"
	# some know no files: those cannot sync /dev either, and the plain one serves
	sync "$file" "$folder/done.new" 2>/dev/null || { ! sync /dev 2>/dev/null && sync; } || give_up "the disk of $folder does not sync"
	mv -f "$folder/done.new" "$folder/done"
}

# dd reads no byte more than it is told to, which the shell's next `read` depends on.
take_pieces() {
	while IFS= read -r line; do
		case $line in
		'end '*)
			# shellcheck disable=SC2086
			in_place ${line#end }
			exit 0
			;;
		'' | *[!0-9]*) give_up "the upload was garbled" ;;
		esac
		dd bs="$line" count=1 iflag=fullblock >>"$part" 2>/dev/null || {
			[ -d "$folder" ] || give_up "$folder was removed: the run has ended"
			give_up "$folder cannot be written (disk full?): $(df -P "$folder" | awk 'NR == 2 { printf "%d MB free on %s", $4 / 1024, $6 }')"
		}
	done
	give_up "the upload was cut"
}

# A line that was lost after the last byte: the file is there.
[ ! -s "$folder/done" ] || exit 0
[ -d "${folder%/*}" ] || give_up "${folder%/*} is not there: the run has ended"
mkdir -p "$folder"
part=$file.part.$$
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM
# when the link is lost nobody reads our last words either; the part is removed all the same
trap '' PIPE
: >"$part"
take_pieces
