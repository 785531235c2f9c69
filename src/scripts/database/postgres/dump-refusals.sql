-- Why a dump would not bring this database back by this account, and what to do: two columns, a row for each reason.
SELECT format('%s belongs to %s, and the account %I is no member of that role: it could not drop it and make it again', o.what, pg_get_userbyid(o.owner), current_user),
	format('as a superuser, once: ALTER … OWNER TO %I, or GRANT %I TO %I', current_user, pg_get_userbyid(o.owner), current_user)
FROM (
	SELECT 'pg_class'::regclass::oid AS classid, oid AS objid, relnamespace AS namespace, relowner AS owner, format('%s.%s', relnamespace::regnamespace, relname) AS what FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND relpersistence <> 't'
	UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, proowner, oid::regprocedure::text FROM pg_proc
	UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, typowner, oid::regtype::text FROM pg_type WHERE typtype IN ('d', 'e', 'r')
	UNION ALL SELECT 'pg_namespace'::regclass, oid, oid, nspowner, 'schema ' || nspname FROM pg_namespace WHERE nspname <> 'public'
	UNION ALL SELECT 0, oid, 'public'::regnamespace, lomowner, 'large object ' || oid FROM pg_largeobject_metadata
	UNION ALL SELECT 0, oid, 'public'::regnamespace, pubowner, 'publication ' || pubname FROM pg_publication
) o
JOIN pg_namespace n ON n.oid = o.namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT pg_has_role(o.owner, 'USAGE')
AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = o.classid AND e.objid = o.objid AND e.deptype IN ('e', 'i') AND e.refobjid <> o.objid)
ORDER BY 1 LIMIT 5;
SELECT format('the event trigger %I would not come back by a dump of this account', evtname), 'drop it for the deploy, or let the account make databases (CREATEDB), which takes it along'
FROM pg_event_trigger t WHERE NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_event_trigger'::regclass AND objid = t.oid AND deptype = 'e');
SELECT format('the foreign server %I would not come back by a dump of this account', srvname), 'drop it for the deploy, or let the account make databases (CREATEDB), which takes it along'
FROM pg_foreign_server;
SELECT 'a transaction of ' || owner || ' is prepared and waits for its second phase: ' || gid, 'COMMIT PREPARED or ROLLBACK PREPARED it, connected to that database'
FROM pg_prepared_xacts WHERE database = current_database();
SELECT format('making %s tables and indexes again in one transaction needs more locks than the server has room for', relations), format('set max_locks_per_transaction to %s or more there, and start it again', ceil(relations * 3.0 / places) + 16)
FROM (SELECT count(*) AS relations FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' OR nspname = 'pg_toast') r,
	(SELECT current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int AS places) p
WHERE relations * 3.0 > places * current_setting('max_locks_per_transaction')::int;
SELECT format('pg_dump on the target is of version %s, and the server of %s: it could not read it', :'dump_version', current_setting('server_version')), 'install the server''s version of postgresql-client on the target'
WHERE :'dump_version'::int < current_setting('server_version_num')::int / 10000;
