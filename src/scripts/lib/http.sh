# A look at the site from here, with curl, else with PHP. Nothing secret is in argv: addresses and headers go through
# a file that only we can read.
# shellcheck shell=sh disable=SC2154

. "$BACKSTAY_DIR/lib/address.sh"

# http_status PATH [COOKIE]: prints the status of a GET without following redirects, or 000 when there is no answer.
# HTTP_RESOLVE is the address to connect to instead of what DNS says.
http_status() {
	request=$(mktemp "$BACKSTAY_STATE/http.XXXXXX") || return 1
	{
		printf '%s\n' "$URL$1"
		printf '%s\n' "${2-}"
		cat "$BACKSTAY_SECRETS/http-headers" 2>/dev/null
	} >"$request"
	if command -v curl >/dev/null; then http_by_curl "$request"; else http_by_php "$request"; fi
	rm -f "$request"
}

# The cookie that lets a request through Laravel's maintenance, or nothing: it is set in answer to the bypass secret.
bypass_cookie() {
	request=$(mktemp "$BACKSTAY_STATE/http.XXXXXX") || return 1
	{
		printf '%s\n' "$URL/$(cat "$BACKSTAY_SECRETS/bypass")"
		printf '\n'
		cat "$BACKSTAY_SECRETS/http-headers" 2>/dev/null
	} >"$request"
	if command -v curl >/dev/null; then
		curl_config "$request" | curl --silent --max-time 10 --output /dev/null --dump-header - --config - || :
	else
		http_by_php "$request" headers
	fi | sed -n 's/^[Ss]et-[Cc]ookie: *\(laravel_maintenance=[^;]*\).*/\1/p' | head -n 1
	rm -f "$request"
}

http_by_curl() { curl_config "$1" | curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' --config - || :; }

curl_config() {
	{
		read -r address
		read -r cookies
		# brackets in an address are no ranges
		printf 'globoff\nurl = "%s"\n' "$address"
		[ -z "$cookies" ] || printf 'cookie = "%s"\n' "$cookies"
		while IFS= read -r header; do printf 'header = "%s"\n' "$(printf %s "$header" | sed 's/[\\"]/\\&/g')"; done
		[ -z "$HTTP_RESOLVE" ] || printf 'connect-to = "::%s:%s"\n' "$HTTP_RESOLVE" "$(port_of "$address")"
	} <"$1"
}

http_by_php() {
	"${PHP:-php}" -r '
		$lines = file($argv[1], FILE_IGNORE_NEW_LINES);
		$url = $lines[0];
		$headers = array_slice($lines, 2);
		if ($argv[2] !== "") {
			$host = parse_url($url, PHP_URL_HOST);
			$port = parse_url($url, PHP_URL_PORT);
			$headers[] = "Host: $host" . ($port ? ":$port" : "");
			$url = preg_replace("~//" . preg_quote($host, "~") . "~", "//" . $argv[2], $url, 1);
		}
		$options = ["http" => ["ignore_errors" => true, "timeout" => 10, "follow_location" => 0, "header" => $headers],
			"ssl" => ["peer_name" => $host ?? null]];
		if ($lines[1] !== "") $options["http"]["header"][] = "Cookie: " . $lines[1];
		@file_get_contents($url, false, stream_context_create(array_map("array_filter", $options)));
		if ($argv[3] === "headers") { echo implode("\n", $http_response_header ?? []), "\n"; exit; }
		echo isset($http_response_header[0]) ? explode(" ", $http_response_header[0])[1] : "000";
	' "$1" "$HTTP_RESOLVE" "${2-}" 2>/dev/null || printf 000
}
