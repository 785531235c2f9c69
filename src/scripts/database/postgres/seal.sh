#!/bin/sh
# In maintenance: the database is closed, who is connected is put out, and the server copies it. It is opened again when the copy
# stands, so nobody can have written in between: that is the proof.
. "$BACKSTAY_DB_DIR/engine.sh"

main() {
	await_server
	close_fence
	end_sessions all
	[ -z "$(ask "SELECT 1 FROM pg_prepared_xacts WHERE database = :'live' LIMIT 1")" ] || say_failed "prepared transactions hold $live (SELECT gid FROM pg_prepared_xacts): COMMIT PREPARED or ROLLBACK PREPARED them"
	copy_database "$live" "$shadow" || say_failed "$live could not be copied to $shadow"
	like "$live" "$shadow"
	settings "$live" >"$state/settings"
	settings "$shadow" >"$state/settings.now"
	cmp -s "$state/settings" "$state/settings.now" || {
		diff "$state/settings" "$state/settings.now" | cut -b 1-400 >&2 || :
		say_failed "the copy $shadow has not the privileges and settings of $live"
	}
	ask "SELECT oid FROM pg_database WHERE datname = :'shadow' AND NOT datallowconn" >"$state/copy-oid"
	[ -s "$state/copy-oid" ] || say_failed "the copy $shadow is not there, or not closed"
	[ "$(ask "SELECT datallowconn FROM pg_database WHERE datname = :'live'")" = f ] || say_failed "somebody has opened $live while it was copied"
	size=$(ask "SELECT round(pg_database_size(:'shadow') / 1048576.0)")
	ask "SELECT 'server', version() UNION ALL SELECT datname, 'oid ' || oid || ', ' || pg_database_size(oid) || ' bytes' FROM pg_database WHERE datname IN (:'live', :'shadow')" >"$state/manifest"
	persist "$state/settings" "$state/copy-oid" "$state/manifest" "$state"
	open_fence
	printf 'proof exclusion\nfence exclusive\n' >"$state/facts"
	say "$live copied by the server, $size MB, while nobody could connect (exclusion, exclusive)"
}

main
