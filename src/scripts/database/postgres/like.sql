-- Gives the database :to what the server keeps of :from outside of it: privileges, comment, settings of the database and of roles
-- in it. Those that are lists are stored with their elements quoted already.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', :'to', pg_get_userbyid(datdba)) FROM pg_database WHERE datname = :'from' AND datacl IS NOT NULL \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'to', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
	CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
FROM pg_database, aclexplode(datacl) WITH ORDINALITY WHERE datname = :'from' ORDER BY ordinality \gexec
SELECT format('COMMENT ON DATABASE %I IS %L', :'to', shobj_description(oid, 'pg_database')) FROM pg_database WHERE datname = :'from' \gexec
SELECT format('ALTER %s SET %s = %s',
	CASE setrole WHEN 0 THEN format('DATABASE %I', :'to') ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'to') END,
	(SELECT string_agg(quote_ident(part), '.') FROM regexp_split_to_table(name, '\.') part),
	CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries') THEN
		(SELECT string_agg(quote_literal(CASE WHEN element[1] LIKE '"%' THEN replace(substr(element[1], 2, length(element[1]) - 2), '""', '"') ELSE element[1] END), ', ')
		FROM regexp_matches(value, '"(?:[^"]|"")*"|[^", ]+', 'g') element)
	ELSE quote_literal(value) END)
FROM pg_db_role_setting, unnest(setconfig) setting, LATERAL (SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value) s
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = :'from') \gexec
