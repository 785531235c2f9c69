-- Who works on the live database: process, role at its address, state, statement. Of the app's own role, whose requests may read, only
-- transactions that have written. What other roles do is not shown to everybody.
SELECT pid, COALESCE(usename, usesysid::text) || COALESCE('@' || host(client_addr), ''), COALESCE(state, application_name, ''),
	CASE WHEN query LIKE '<insufficient%' THEN '' ELSE left(regexp_replace(COALESCE(query, ''), '\s+', ' ', 'g'), 400) END
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL AND datname = :'live' AND application_name <> :'session' AND backend_type = 'client backend'
AND (usename NOT IN (:'app', current_user) OR :'moment' <> 'checked' AND backend_xid IS NOT NULL);
