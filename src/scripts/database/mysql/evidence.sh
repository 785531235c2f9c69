# What the server itself has counted: which tables nobody wrote to since the copy began. Sourced by engine.sh.
#
# performance_schema counts the rows that statements write, table by table. It counts neither what a foreign key cascades nor
# TRUNCATE, nor what ALTER rewrites: so children of written tables are compared as well, and no table of the schema may have
# another identity in InnoDB than before the copy. Where any of this is in doubt every row is compared.
# shellcheck shell=sh disable=SC2154,SC2034

evidence=$state/evidence

# Before the copy. What an open transaction has written is counted but cannot be read yet: those are waited for.
begin_evidence() {
	rm -rf "$evidence"
	mkdir -p "$evidence"
	if ! why_no_evidence >"$evidence/why-not" || [ -s "$evidence/why-not" ]; then return 0; fi
	part evidence server >"$evidence/server"
	part evidence identities >"$evidence/identities"
	part evidence writes >"$evidence/before"
	# InnoDB shows its transactions as they were up to 0.1 s ago
	part evidence open >"$evidence/open"
	sleep 0.2 2>/dev/null || sleep 1
	part evidence open >>"$evidence/open"
	tries=100
	while part evidence open | grep -qxF -f "$evidence/open"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			printf 'a transaction that was open when the copy began had not ended 10 s later\n' >"$evidence/why-not"
			return 0
		}
		sleep 0.1 2>/dev/null || sleep 1
	done
}

# After the copy: it has read every table, and a counter that has less to show later was set back by somebody.
end_evidence() { [ -s "$evidence/why-not" ] || part evidence writes >"$evidence/after"; }

# Why the server's counters prove nothing here; nothing where they do.
why_no_evidence() {
	part evidence why-not 2>/dev/null || printf 'the account may not read performance_schema and the tables of InnoDB\n'
}

# divide_by_evidence: under the lock, the tables' names (hex) into $evidence/unwritten and $evidence/doubtful. Fails where there is
# no evidence.
divide_by_evidence() {
	[ -e "$evidence/after" ] && [ ! -s "$evidence/why-not" ] || return 1
	[ -z "$(why_no_evidence)" ] || return 1
	mark_writes || return 1
	part evidence identities >"$evidence/identities.now" && cmp -s "$evidence/identities" "$evidence/identities.now" || return 1
	part evidence server >"$evidence/server.now" && is_same_server || return 1
	part evidence tables >"$evidence/tables" && part evidence cascades >"$evidence/cascades" || return 1
	awk -F '	' -v doubtful="$evidence/doubtful" -v unwritten="$evidence/unwritten" '
		FILENAME ~ /before$/ { wrote[$1] = $2 }
		FILENAME ~ /after$/ { had_read[$1] = $3 }
		FILENAME ~ /sealed$/ { wrote_now[$1] = $2; has_read[$1] = $3 }
		FILENAME ~ /cascades$/ { child[++keys] = $1; parent[keys] = $2 }
		FILENAME ~ /tables$/ {
			known = $1 in wrote && $1 in wrote_now && $1 in had_read
			clean[$1] = $2 == "plain" && known && wrote[$1] == wrote_now[$1] && had_read[$1] > 0 && has_read[$1] >= had_read[$1]
		}
		END {
			do {
				changed = 0
				for (n = 1; n <= keys; n++) if (!clean[parent[n]] && clean[child[n]]) { clean[child[n]] = 0; changed = 1 }
			} while (changed)
			printf "" >doubtful
			printf "" >unwritten
			for (table in clean) print table >(clean[table] ? unwritten : doubtful)
		}' "$evidence/before" "$evidence/after" "$evidence/sealed" "$evidence/cascades" "$evidence/tables"
}

# What was written until now, as the server counts it: what is counted later nobody of ours has written.
mark_writes() {
	[ -e "$evidence/after" ] && [ ! -s "$evidence/why-not" ] || return 0
	part evidence writes >"$evidence/sealed"
}

# It has not started again: its uptime has grown as the clock has.
is_same_server() {
	cat "$evidence/server" "$evidence/server.now" | awk '
		NR == 1 { clock = $1; uptime = $2 }
		NR == 2 { drift = ($1 - clock) - ($2 - uptime); same = $2 >= uptime && drift <= 2 && drift >= -2 }
		END { exit !(NR == 2 && same) }'
}
