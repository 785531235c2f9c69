-- What stands beside each other when a copy has been made, a value a line.
SELECT 'server', 'version', current_setting('server_version');
SELECT which, name, value
FROM pg_database d
CROSS JOIN LATERAL (SELECT CASE datname WHEN :'live' THEN 'live' ELSE 'copy' END) w (which)
CROSS JOIN LATERAL (VALUES ('name', datname::text), ('oid', oid::text), ('closed', (NOT datallowconn)::text), ('megabytes', round(pg_database_size(oid) / 1048576.0)::text)) v (name, value)
WHERE datname IN (:'live', :'shadow') ORDER BY which, name;
