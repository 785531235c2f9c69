-- What the server keeps of the database :of outside of it, in one order and one line each. A database's age moves by itself.
SELECT 'database', (to_jsonb(d) - '{oid,datname,datallowconn,datacl,datfrozenxid,datminmxid,datlastsysoid}'::text[])::text
FROM pg_database d WHERE datname = :'of';
SELECT 'privileges', COALESCE((SELECT jsonb_agg(a::text ORDER BY a::text) FROM unnest(datacl) a)::text, CASE WHEN datacl IS NULL THEN 'default' ELSE 'none' END)
FROM pg_database WHERE datname = :'of';
SELECT 'comment', to_jsonb(shobj_description(oid, 'pg_database'))::text FROM pg_database WHERE datname = :'of';
SELECT 'setting', COALESCE((SELECT to_jsonb(rolname)::text FROM pg_roles r WHERE r.oid = setrole), 'all'), to_jsonb(setting)::text
FROM pg_db_role_setting, unnest(setconfig) setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = :'of') ORDER BY 2, 3;
