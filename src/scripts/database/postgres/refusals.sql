-- Why the live database cannot be protected, and what to do: two columns, a row for each reason.
SELECT current_setting('server_version_num')::int < 130000 AS is_old, current_setting('server_version_num')::int >= 150000 AS is_15,
	current_setting('server_version_num')::int >= 160000 AS is_16 \gset
SELECT 'PostgreSQL ' || current_setting('server_version') || ' is too old', 'PostgreSQL 13 or later is needed' WHERE :'is_old';
SELECT format('the account %I may not make databases, so no copy can stand beside %I', current_user, :'live'), format('as a superuser, once: ALTER ROLE %I CREATEDB;', current_user)
FROM pg_roles WHERE rolname = current_user AND NOT rolcreatedb AND NOT rolsuper;
SELECT format('%I belongs to %I, and the account %I is no member of that role', datname, pg_get_userbyid(datdba), current_user), format('as a superuser, once: ALTER DATABASE %I OWNER TO %I;', datname, current_user)
FROM pg_database WHERE datname = :'live' AND NOT pg_has_role(datdba, 'USAGE');
SELECT format('%I is a template', datname), format('ALTER DATABASE %I IS_TEMPLATE false;', datname) FROM pg_database WHERE datname = :'live' AND datistemplate;
SELECT 'a transaction of ' || owner || ' is prepared and waits for its second phase: ' || gid, 'COMMIT PREPARED or ROLLBACK PREPARED it, connected to that database'
FROM pg_prepared_xacts WHERE database = :'live';
SELECT 'logical replication reads this database (slot ' || slot_name || '): after a swap it would follow the failed state', 'drop the slot for the deploy, or protect this database by your own commands: engine: {command: {backup: …, restore: …}}'
FROM pg_replication_slots WHERE database = :'live';
SELECT 'this database subscribes to another one (' || subname || '): after a swap the subscription would write into the failed state', 'drop the subscription for the deploy, or protect this database by your own commands: engine: {command: {backup: …, restore: …}}'
FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = :'live');
\if :is_15
SELECT format('%I was made with version %s of its collation, and the system has %s: its indexes on text may be wrong, and the server copies no such database', datname, datcollversion, COALESCE(pg_database_collation_actual_version(oid), 'none')),
	format('connected to it: REINDEX DATABASE %I; ALTER DATABASE %I REFRESH COLLATION VERSION;', datname, datname)
FROM pg_database WHERE datname = :'live' AND datcollversion IS NOT NULL AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid);
\endif
SELECT format('a privilege on %I was granted by %I, who is not its owner: it could not be granted again', datname, pg_get_userbyid(grantor)), 'let the owner grant it instead'
FROM pg_database, aclexplode(datacl) WHERE datname = :'live' AND grantor <> datdba GROUP BY datname, grantor;
SELECT format('%I has a security label (%s), which a copy would not have', :'live', provider), 'protect this database by your own commands: engine: {command: {backup: …, restore: …}}'
FROM pg_shseclabel WHERE classoid = 'pg_database'::regclass AND objoid = (SELECT oid FROM pg_database WHERE datname = :'live');
\set may_set false
\if :is_15
	\set may_set 'has_parameter_privilege(split_part(entry, \'=\', 1), \'SET\')'
\endif
\set may_alter true
\if :is_16
	\set may_alter 'pg_has_role(setrole, \'MEMBER WITH ADMIN OPTION\')'
\endif
SELECT format('this account may not make the setting %s of %s in %I again on a copy', split_part(entry, '=', 1), CASE setrole WHEN 0 THEN 'all roles' ELSE pg_get_userbyid(setrole) END, :'live'),
	'name an account on the target that may: databases.<name>.admin (a service file of libpq, mode 0600)'
FROM pg_db_role_setting CROSS JOIN unnest(setconfig) entry CROSS JOIN pg_roles me
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = :'live') AND me.rolname = current_user AND NOT me.rolsuper
AND (NOT (setrole IN (0, me.oid) OR me.rolcreaterole AND NOT (SELECT rolsuper FROM pg_roles r WHERE r.oid = setrole) AND :may_alter)
OR NOT EXISTS (SELECT 1 FROM pg_settings s WHERE s.name = split_part(entry, '=', 1) AND s.context IN ('user', 'backend') AND s.category <> 'Customized Options') AND NOT :may_set);
SELECT format('a session of %s works on %I, and this account may not end it (process %s)', COALESCE(usename, usesysid::text), datname, pid),
	format('end it; or as a superuser, once: GRANT pg_signal_backend TO %I; for one of a superuser name an account that may: databases.<name>.admin', current_user)
FROM pg_stat_activity CROSS JOIN pg_roles me
WHERE datname = :'live' AND usesysid IS NOT NULL AND me.rolname = current_user AND NOT me.rolsuper AND NOT pg_has_role(usesysid, 'MEMBER')
AND NOT (pg_has_role('pg_signal_backend', 'MEMBER') AND NOT COALESCE((SELECT rolsuper FROM pg_roles r WHERE r.oid = usesysid), true));
