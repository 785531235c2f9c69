# Archives of databases: a folder with a manifest and a file for each object. Sourced, and a part of what looks at archives.
#
#   begin_archive DIR                        an empty DIR.part; ARCHIVE_PART is its name
#   archive_origin ENGINE VERSION DATABASE   the facts that every archive has: whose it is, and from when
#   archive_fact NAME VALUE                  what else is needed to restore it elsewhere
#   stream_object NAME COMMAND…              the output of COMMAND, compressed, as a file of the archive; sets FILE
#   archive_object KIND NAME FILE ROWS       an object: its file lies in $ARCHIVE_PART already, or is `-` where another object's file
#                                            holds it; ROWS is `-` where there are none
#   archive_counts KIND                      objects whose rows lie in the file of another one: `NAME TAB ROWS` from standard input
#   finish_archive                           sizes and hashes, synced, then DIR
#
#   archive_faults DIR                       what is wrong with it, a line each; nothing where it is whole
#   archive_said DIR NAME                    a fact
#   archive_objects DIR KIND                 `NAME TAB FILE TAB ROWS` of each, NAME escaped
#   unpacked FILE                            what was compressed, on standard output
#
# The manifest has lines of columns divided by tabs; in names and values tab, newline and backslash are \t, \n, \\:
#
#   backstay-archive 1
#   fact NAME VALUE
#   object KIND NAME FILE BYTES SHA256 ROWS      BYTES and SHA256 are those of the file as it lies there
#   end SHA256                                   of all lines above
#
# shellcheck shell=sh disable=SC2034

TAB='	'

# Whatever fails says so by its exit status: it may be called where `set -e` does not count.
begin_archive() {
	ARCHIVE=$1 ARCHIVE_PART=$1.part
	rm -rf "$ARCHIVE_PART"* && (umask 077 && mkdir -p "${1%/*}" && mkdir "$ARCHIVE_PART") &&
		printf 'backstay-archive\t1\n' >"$ARCHIVE_PART/manifest" && : >"$ARCHIVE_PART.objects"
}

# In a run's own step alone: it names the run and the app.
archive_origin() {
	archive_fact engine "$1" && archive_fact version "$2" && archive_fact database "$3" && archive_fact created "$(date -u +%Y-%m-%dT%H:%M:%SZ)" &&
		archive_fact run "$BACKSTAY_RUN" && archive_fact app "$APP" && archive_fact environment "$ENVIRONMENT" && archive_fact key "$BACKSTAY_DB"
}

archive_fact() {
	escape_name "$2"
	printf 'fact\t%s\t%s\n' "$1" "$ESCAPED" >>"$ARCHIVE_PART/manifest"
}

archive_object() {
	escape_name "$2"
	printf '%s\t%s\t%s\t%s\n' "$1" "$ESCAPED" "$3" "$4" >>"$ARCHIVE_PART.objects"
}

# The names are escaped already, by the server that they come from.
archive_counts() { awk 'BEGIN { FS = OFS = "\t" } { print kind, $1, "-", $2 }' kind="$1" >>"$ARCHIVE_PART.objects"; }

# Sets ESCAPED. Most names need no process for it.
escape_name() {
	ESCAPED=$1
	case $1 in
	*[\\"$TAB"]* | *'
'*) ESCAPED=$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e "s/$TAB/\\\\t/g" | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }') ;;
	esac
}

# A pipe tells only how its last command ended, so the first one leaves a mark when it did well.
stream_object() {
	if command -v zstd >/dev/null; then FILE=$1.zst; else FILE=$1.gz; fi
	shift
	rm -f "$ARCHIVE_PART.whole"
	{ "$@" && : >"$ARCHIVE_PART.whole"; } | compressed >"$ARCHIVE_PART/$FILE" && [ -e "$ARCHIVE_PART.whole" ] && rm "$ARCHIVE_PART.whole"
}

compressed() { case $FILE in *.zst) zstd -qc -3 -T2 ;; *) gzip -c ;; esac }

unpacked() {
	case $1 in
	*.zst) zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

# All files are hashed at once: there may be thousands.
finish_archive() {
	(
		cd "$ARCHIVE_PART" || exit 1
		list=$ARCHIVE_PART.objects
		awk -F '\t' '$3 != "-" && !seen[$3]++ { print $3 }' "$list" >"$list.files" || exit 1
		: >"$list.sums"
		: >"$list.sizes"
		[ ! -s "$list.files" ] || { xargs sha256sum <"$list.files" >"$list.sums" && xargs stat -c '%s %n' <"$list.files" >"$list.sizes"; } || exit 1
		awk 'BEGIN { FS = OFS = "\t" }
			of == "sums" { sum[substr($0, 67)] = substr($0, 1, 64); next }
			of == "sizes" { blank = index($0, " "); size[substr($0, blank + 1)] = substr($0, 1, blank - 1); next }
			$3 == "-" { print "object", $1, $2, "-", "-", "-", $4; next }
			{ print "object", $1, $2, $3, size[$3], sum[$3], $4 }' of=sums "$list.sums" of=sizes "$list.sizes" of=objects "$list" >>manifest || exit 1
		sum=$(sha256sum manifest) && printf 'end\t%s\n' "${sum%% *}" >>manifest || exit 1
		# a full disk may have cut it without a word
		[ "$(grep -c '^object' manifest)" -eq "$(awk 'END { print NR }' "$list")" ] && [ "$(tail -n 1 manifest)" = "end$TAB${sum%% *}" ] || exit 1
		printf '%s\n' manifest . >>"$list.files"
		# some know no files: those cannot sync /dev either, and the plain one serves
		xargs sync <"$list.files" 2>/dev/null || { ! sync /dev 2>/dev/null && sync; }
	) && rm -f "$ARCHIVE_PART".objects* && [ ! -e "$ARCHIVE" ] && mv "$ARCHIVE_PART" "$ARCHIVE" && { sync "${ARCHIVE%/*}" 2>/dev/null || sync; }
}

# What is wrong with the manifest itself; nothing in it is believed before it is what its last line stands for.
manifest_fault() (
	LC_ALL=C
	export LC_ALL
	fault() { printf '%s\n' "$*" && exit 0; }
	cd "$1" 2>/dev/null || fault "the folder is missing"
	[ -f manifest ] || fault "the manifest is missing"
	case $(head -n 1 manifest | tr -d '\000') in
	"backstay-archive${TAB}1") ;;
	"backstay-archive$TAB"*) fault "the manifest is of a format that this version of Backstay does not know" ;;
	*) fault "the manifest is damaged: it does not begin as one" ;;
	esac
	last=$(tail -n 1 manifest | tr -d '\000')
	case $last in "end$TAB"*) ;; *) fault "the manifest is truncated: its last line is missing" ;; esac
	sum=$(sed '$d' manifest | sha256sum)
	[ "$last" = "end$TAB${sum%% *}" ] && [ "$(tail -c 1 manifest | od -An -tx1 | tr -d ' ')" = 0a ] ||
		fault "the manifest is damaged: its lines are not those that its last line stands for"
)

archive_faults() (
	LC_ALL=C
	export LC_ALL
	fault=$(manifest_fault "$1")
	if [ -n "$fault" ]; then
		printf '%s\n' "$fault"
		exit 0
	fi
	cd "$1" || exit 1
	judged=$(find . ! -name . -prune -exec stat -c '%f %s %n' {} + 2>/dev/null | awk '
		of == "disk" {
			blank = index($0, " "); mode = substr($0, 1, blank - 1); rest = substr($0, blank + 1)
			blank = index(rest, " "); name = substr(rest, blank + 3)
			if (name == "manifest") next
			size[name] = substr(rest, 1, blank - 1) + 0
			if (mode !~ /^8...$/) strange[name] = 1
			next
		}
		BEGIN { FS = "\t" }
		$1 != "object" || $4 == "-" { next }
		$4 ~ /[^0-9A-Za-z._-]/ || $4 ~ /^[.]/ || $4 == "manifest" { print "fault the manifest names a file that cannot be in an archive"; next }
		known[$4]++ { next }
		!($4 in size) { print "fault " $4 " is missing"; next }
		$4 in strange { print "fault " $4 " is no file"; next }
		size[$4] < $5 + 0 { print "fault " $4 " is truncated: it has " size[$4] " of " $5 " bytes"; next }
		size[$4] > $5 + 0 { print "fault " $4 " is too long: it has " size[$4] " bytes instead of " $5; next }
		{ print "hash " $6 "  " $4 }
		END { for (name in size) if (!(name in known)) print "fault " name " is not part of the archive" }
	' of=disk - of=manifest manifest)
	printf '%s\n' "$judged" | sed -n 's/^fault //p' | sort
	wanted=$(printf '%s\n' "$judged" | grep -c '^hash ' || :)
	[ "$wanted" -eq 0 ] || printf '%s\n' "$judged" | sed -n 's/^hash //p' | sha256sum -c 2>/dev/null | awk -v wanted="$wanted" '
		/: OK$/ { seen++; next }
		{ seen++; sub(/: [^:]*$/, ""); print $0 " is damaged: its SHA-256 is another one" }
		END { if (seen + 0 != wanted) print (wanted - seen) " of its files could not be read" }'
)

archive_said() { awk -F '\t' -v name="$2" '$1 == "fact" && $2 == name { print $3; exit }' "$1/manifest" | unescaped_name; }

archive_objects() { awk 'BEGIN { FS = OFS = "\t" } $1 == "object" && $2 == kind { print $3, $4, $7 }' kind="$2" "$1/manifest"; }

# A name or value of the manifest as it was.
unescaped_name() {
	awk '{
		line = $0; text = ""
		while ((at = index(line, "\\")) > 0) {
			next_one = substr(line, at + 1, 1)
			if (next_one == "n") c = "\n"; else if (next_one == "t") c = "\t"; else c = next_one
			text = text substr(line, 1, at - 1) c
			line = substr(line, at + 2)
		}
		print text line
	}'
}

# archive_mark DIR HOW: what was found when it was looked at (standard input: its faults, a line each) is remembered beside it.
archive_mark() {
	{
		sum=$(sha256sum "$1/manifest" 2>/dev/null || printf -)
		printf '%s\t%s\t%s\n' "${sum%% *}" "$(date +%s)" "$2"
		cat
	} >"$1.verified.new" && mv "$1.verified.new" "$1.verified"
}
