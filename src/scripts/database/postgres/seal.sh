#!/bin/sh
# In maintenance: the database is closed, who is connected is put out, and the server copies it. It is opened again when the copy
# stands, so nobody can have written in between: that is the proof.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	await_server
	if is_dump; then
		seal_by_dump
		return 0
	fi
	close_fence
	end_sessions all 50
	waiting=$(ask "SELECT gid FROM pg_prepared_xacts WHERE database = :'live'")
	[ -z "$waiting" ] || say_failed "prepared transactions hold $live: COMMIT PREPARED or ROLLBACK PREPARED them: $waiting"
	copy_database "$live" "$shadow" || say_failed "$live could not be copied to $shadow: $(tail -n 2 "$state/refused" | tr '\n' ' ')"
	like "$live" "$shadow"
	settings "$live" >"$state/settings"
	settings "$shadow" >"$state/settings.now"
	cmp -s "$state/settings" "$state/settings.now" || {
		diff "$state/settings" "$state/settings.now" | cut -b 1-400 >&2 || :
		say_failed "the copy $shadow has not the privileges and settings of $live"
	}
	from_file manifest >"$state/manifest"
	[ "$(noted live closed)" = true ] || say_failed "somebody has opened $live while it was copied"
	[ "$(noted copy closed)" = true ] || say_failed "the copy $shadow is not there, or not closed"
	noted copy oid >"$state/copy-oid"
	persist "$state/settings" "$state/copy-oid" "$state/manifest" "$state"
	open_fence
	mark_writes
	printf 'proof exclusion\nfence exclusive\n' >"$state/facts"
	say "$live copied by the server, $(noted copy megabytes) MB, while nobody could connect (exclusion, exclusive)"
}

# A value of the manifest: noted live|copy NAME
noted() { awk -F '	' -v of="$1" -v name="$2" '$1 == of && $2 == name { print $3 }' "$state/manifest"; }

main
