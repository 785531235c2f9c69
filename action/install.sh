#!/bin/sh
# Puts backstay into a private folder of the job: the release that checksums.txt of this very checkout names, so that
# whoever pins the action pins the binary. Whatever is not as it says ends here, before anything is touched.
set -eu

NAME=backstay

say() { printf '%s\n' "$*"; }

fail() {
	say "::error title=Backstay was not installed::$*"
	say "**Backstay was not installed**: $*. Nothing was touched." >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
	exit 1
}

main() {
	case ${RUNNER_OS-} in
	Linux) os=linux ;;
	macOS) os=macos ;;
	*) fail "it runs on Linux and macOS runners, and this one is ${RUNNER_OS:-unknown}; write runs-on: ubuntu-latest" ;;
	esac
	case ${RUNNER_ARCH-} in
	X64) arch=x64 ;;
	ARM64) arch=arm64 ;;
	*) fail "it runs on x64 and arm64, and this runner is ${RUNNER_ARCH:-unknown}" ;;
	esac
	umask 077
	folder=$(mktemp -d "$RUNNER_TEMP/$NAME.XXXXXX") || fail 'no folder could be made in RUNNER_TEMP'
	if [ -n "${INPUT_BINARY-}" ]; then
		binary=$INPUT_BINARY
		case $binary in /*) ;; *) binary=$GITHUB_WORKSPACE/$binary ;; esac
		[ -f "$binary" ] && [ -x "$binary" ] || fail 'the input binary names no file that can be run'
	else
		binary=$folder/$NAME
		download
	fi
	"$binary" --version || fail 'the binary does not run on this runner'
	printf 'binary=%s\nfolder=%s\n' "$binary" "$folder" >>"$GITHUB_OUTPUT"
}

download() {
	table=$GITHUB_ACTION_PATH/checksums.txt
	line=$(grep -E "^[0-9a-f]{64}  $NAME-[0-9][0-9A-Za-z.-]*-$os-$arch\.tar\.gz\$" "$table") ||
		fail "this version of the action names no release for $os-$arch; pin a released one, or give the input binary"
	[ "$(printf '%s\n' "$line" | wc -l)" -eq 1 ] || fail "checksums.txt names several releases for $os-$arch"
	sum=${line%% *}
	archive=${line##* }
	version=${archive#"$NAME-"}
	version=${version%"-$os-$arch.tar.gz"}
	[ -n "${GITHUB_ACTION_REPOSITORY-}" ] || fail 'a copy of the action in your own repository has no releases; give the input binary'
	url=https://github.com/$GITHUB_ACTION_REPOSITORY/releases/download/v$version/$archive
	curl --fail --silent --show-error --location --proto =https --proto-redir =https --retry 3 --max-time 300 \
		--output "$folder/$archive" "$url" || fail "$url could not be downloaded"
	[ "$(sha256 "$folder/$archive")" = "$sum" ] || fail "$archive is not what checksums.txt says; it was not run"
	verify "$folder/$archive"
	tar -xzf "$folder/$archive" -C "$folder" "$NAME" || fail "$archive cannot be unpacked"
	rm -f "$folder/$archive"
}

sha256() {
	if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# Where gh is there and knows how: the archive was built by this repository's own workflow.
verify() {
	if gh attestation --help >/dev/null 2>&1; then
		gh attestation verify "$1" --repo "$GITHUB_ACTION_REPOSITORY" || fail 'its provenance is not attested; it was not run'
	else
		say 'no gh on this runner that verifies attestations: the checksum alone was compared'
	fi
}

main "$@"
