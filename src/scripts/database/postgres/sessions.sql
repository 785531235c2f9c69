-- Who works on the live database, and what is left of this run's own: process, role, state, statement. Sessions of the server
-- itself have no role; it ends them for us.
SELECT pid, COALESCE(usename, usesysid::text), COALESCE(state, application_name, ''), left(regexp_replace(COALESCE(query, ''), '\s+', ' ', 'g'), 400)
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL AND ((:'which' = 'all' AND datname = :'live') OR application_name = :'session');
