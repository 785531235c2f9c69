# What the runner sends into upload/artifact; upload/done says `SHA256 BYTES FORMAT` when it is there. Sourced.
# shellcheck shell=sh disable=SC2034,SC2154

UPLOAD=$BACKSTAY_DIR/upload

wait_for_upload() {
	until [ -s "$UPLOAD/done" ]; do sleep 0.05 2>/dev/null || sleep 1; done
	read -r sha256 bytes format <"$UPLOAD/done"
	found=$(wc -c <"$UPLOAD/artifact")
	[ "$((found))" = "$bytes" ] || fail "what was sent arrived with $((found)) of $bytes bytes: try again"
	found=$(sha256sum <"$UPLOAD/artifact")
	[ "${found%% *}" = "$sha256" ] || fail "what was sent arrived damaged (SHA-256 ${found%% *} instead of $sha256): try again"
}

# What was sent, as it was, on standard output. As a pipe tells only how its last command ended, the file $1 is there when this one did well.
unpacked_upload() {
	rm -f "$1"
	case $format in
	zstd) zstd -dcq <"$UPLOAD/artifact" ;;
	gzip) gzip -dc <"$UPLOAD/artifact" ;;
	*) fail "it came as '$format', which this step does not know" ;;
	esac && : >"$1"
}
