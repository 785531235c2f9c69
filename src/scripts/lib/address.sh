# Addresses. Sourced.
# shellcheck shell=sh

# The port of a URL, said or not.
port_of() {
	authority=${1#*://}
	authority=${authority%%/*}
	case $authority in
	*:*[0-9]) printf %s "${authority##*:}" ;;
	*) case $1 in http:*) printf 80 ;; *) printf 443 ;; esac ;;
	esac
}
