-- What like.sql does, out of an archive instead of a database that is there: gives the database :to what the file BACKSTAY_RECORDED
-- has in the form of settings.sql.
\set recorded `cat "$BACKSTAY_RECORDED"`
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', :'to', pg_get_userbyid(datdba))
FROM regexp_split_to_table(:'recorded', E'\n') line, pg_database WHERE datname = :'to' AND split_part(line, E'\t', 1) = 'privileges' AND split_part(line, E'\t', 2) <> 'default' \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'to', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
	CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
FROM (SELECT line FROM regexp_split_to_table(:'recorded', E'\n') line WHERE line LIKE E'privileges\t[%' OFFSET 0) l,
	aclexplode(ARRAY(SELECT jsonb_array_elements_text(split_part(line, E'\t', 2)::jsonb)::aclitem)) WITH ORDINALITY ORDER BY ordinality \gexec
SELECT format('COMMENT ON DATABASE %I IS %L', :'to', split_part(line, E'\t', 2)::jsonb #>> '{}')
FROM regexp_split_to_table(:'recorded', E'\n') line WHERE line LIKE E'comment\t_%' \gexec
SELECT format('ALTER %s SET %s = %s',
	CASE role WHEN 'all' THEN format('DATABASE %I', :'to') ELSE format('ROLE %I IN DATABASE %I', role::jsonb #>> '{}', :'to') END,
	(SELECT string_agg(quote_ident(part), '.') FROM regexp_split_to_table(name, '\.') part),
	CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries') THEN
		(SELECT string_agg(quote_literal(CASE WHEN element[1] LIKE '"%' THEN replace(substr(element[1], 2, length(element[1]) - 2), '""', '"') ELSE element[1] END), ', ')
		FROM regexp_matches(value, '"(?:[^"]|"")*"|[^", ]+', 'g') element)
	ELSE quote_literal(value) END)
FROM (SELECT line FROM regexp_split_to_table(:'recorded', E'\n') line WHERE line LIKE E'setting\t%' OFFSET 0) l, LATERAL (SELECT split_part(line, E'\t', 2) AS role, split_part(line, E'\t', 3)::jsonb #>> '{}' AS setting) r,
	LATERAL (SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value) s \gexec
