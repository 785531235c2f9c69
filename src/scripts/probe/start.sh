#!/bin/sh
# Runs the probe that comes as a tar on standard input, in a folder of its own that goes with it. It changes nothing.
# usage: start PATH
set -eu
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/backstay-probe.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
# What a probe has left that was killed an hour ago or more: accounts of databases are in it. One that runs has half an hour.
find "${dir%/*}" -maxdepth 1 -name 'backstay-probe.*' -user "$(id -u)" -mmin +60 -exec rm -rf {} + 2>/dev/null || :
tar -xf - -C "$dir" 2>/dev/null || {
	printf 'refuse\tthe target cannot unpack a tar into %s\nremedy\tmake room there, and install tar\n' "$dir"
	exit 0
}
BACKSTAY_DIR=$dir BACKSTAY_STEP_DIR=$dir BACKSTAY_PATH=$1 BACKSTAY_STATE=$dir/state BACKSTAY_SECRETS=$dir/secrets
BACKSTAY_NOTE=/dev/null BACKSTAY_FACTS=/dev/null
export BACKSTAY_DIR BACKSTAY_STEP_DIR BACKSTAY_PATH BACKSTAY_STATE BACKSTAY_SECRETS BACKSTAY_NOTE BACKSTAY_FACTS
mkdir -p "$BACKSTAY_STATE" "$BACKSTAY_SECRETS"
sh "$dir/probe"
