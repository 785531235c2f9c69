#!/bin/sh
# One GET from this machine. Nothing secret is in argv.
# usage: request SECONDS [PHP]
# stdin: the address, what to connect to instead of what DNS says (or an empty line), then headers, one a line.
# stdout: headers and body of the answer, then a line with the seconds that it took.
set -eu
LC_ALL=C

quoted() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }

by_curl() {
	{
		# brackets in an address are no ranges
		printf 'globoff\nurl = %s\n' "$(quoted "$url")"
		while IFS= read -r header; do printf 'header = %s\n' "$(quoted "$header")"; done
		[ -z "$resolve" ] || printf 'connect-to = "::%s"\n' "$resolve"
	} | curl --silent --show-error --include --max-time "$1" --write-out '\n%{time_total}' --config -
}

# PHP reads the rest of standard input itself.
by_php() {
	BACKSTAY_URL=$url BACKSTAY_RESOLVE=$resolve "${2:-php}" -r '
		$url = getenv("BACKSTAY_URL");
		$headers = file("php://stdin", FILE_IGNORE_NEW_LINES);
		$host = parse_url($url, PHP_URL_HOST);
		$resolve = getenv("BACKSTAY_RESOLVE");
		if ($resolve !== "") {
			$port = parse_url($url, PHP_URL_PORT);
			$headers[] = "Host: " . $host . ($port ? ":$port" : "");
			$url = preg_replace("~//[^/]+~", "//" . rtrim($resolve, ":"), $url, 1);
		}
		$began = microtime(true);
		$body = @file_get_contents($url, false, stream_context_create([
			"http" => ["ignore_errors" => true, "timeout" => (float) $argv[1], "follow_location" => 0, "header" => $headers],
			"ssl" => ["peer_name" => $host]]));
		if (!isset($http_response_header)) { fwrite(STDERR, "no connection\n"); exit(1); }
		echo implode("\r\n", $http_response_header), "\r\n\r\n", $body, "\n", microtime(true) - $began;
	' "$1"
}

IFS= read -r url
IFS= read -r resolve
[ -z "$resolve" ] || resolve=$resolve:$(port_of "$url")
if command -v curl >/dev/null; then by_curl "$1"; else by_php "$@"; fi
