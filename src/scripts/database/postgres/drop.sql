-- Everything goes that the dump makes again: what is in people's schemas and belongs to no extension. The variables extensions and
-- wanted_grants say how those stood that stay.
SET search_path = pg_catalog;
SET client_min_messages = error;
SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication \gexec
SELECT format('SELECT lo_unlink(%s)', oid) FROM pg_largeobject_metadata \gexec
SELECT format('DROP EXTENSION %I CASCADE', extname) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace
WHERE format('%I SCHEMA %I VERSION %L', extname, nspname, extversion) NOT IN (SELECT line FROM regexp_split_to_table(:'extensions', E'\n') line) \gexec
WITH people AS (
	SELECT oid, nspname FROM pg_namespace n
	WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND deptype = 'e')
)
SELECT format('DROP %s IF EXISTS %s CASCADE', kind, name)
FROM (
	SELECT CASE relkind WHEN 'S' THEN 2 ELSE 1 END AS turn, 'pg_class'::regclass::oid AS classid, c.oid AS objid,
		CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind, format('%I.%I', nspname, relname) AS name
	FROM pg_class c JOIN people n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relpersistence <> 't'
	UNION ALL
	SELECT 4, 'pg_proc'::regclass, p.oid, 'ROUTINE', p.oid::regprocedure::text FROM pg_proc p JOIN people n ON n.oid = pronamespace
	UNION ALL
	SELECT 5, 'pg_type'::regclass, t.oid, 'TYPE', format('%I.%I', nspname, typname) FROM pg_type t JOIN people n ON n.oid = typnamespace
	WHERE typtype IN ('d', 'e', 'r') OR typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = typrelid) = 'c'
	UNION ALL
	SELECT 6, k.classid, k.objid, k.kind, o.identity
	FROM (
		SELECT 'OPERATOR', 'pg_operator'::regclass::oid, oid, oprnamespace FROM pg_operator
		UNION ALL SELECT 'OPERATOR FAMILY', 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
		UNION ALL SELECT 'COLLATION', 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
		UNION ALL SELECT 'CONVERSION', 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
		UNION ALL SELECT 'TEXT SEARCH CONFIGURATION', 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
		UNION ALL SELECT 'TEXT SEARCH DICTIONARY', 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
	) k (kind, classid, objid, namespace)
	JOIN people n ON n.oid = k.namespace, LATERAL pg_identify_object(k.classid, k.objid, 0) o
) d
WHERE NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i') AND e.refobjid <> d.objid)
ORDER BY turn \gexec
SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace n
WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') AND NOT EXISTS (SELECT 1 FROM pg_extension WHERE extnamespace = n.oid)
AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND deptype = 'e') \gexec
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I REVOKE ALL ON %s FROM %s', pg_get_userbyid(defaclrole), nspname,
	CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' ELSE 'TYPES' END, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
FROM pg_default_acl d JOIN pg_namespace n ON n.oid = defaclnamespace, aclexplode(defaclacl) GROUP BY 1, defaclrole, nspname, defaclobjtype, grantee \gexec
-- those that hold everywhere go back to what the server begins with
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON %s FROM %s', pg_get_userbyid(defaclrole),
	CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'n' THEN 'SCHEMAS' ELSE 'TYPES' END, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
FROM pg_default_acl, aclexplode(defaclacl) WHERE defaclnamespace = 0 GROUP BY defaclrole, defaclobjtype, grantee \gexec
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT %s ON %s TO %s', pg_get_userbyid(defaclrole), privilege_type,
	CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'n' THEN 'SCHEMAS' ELSE 'TYPES' END, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
FROM pg_default_acl, aclexplode(acldefault(CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype END, defaclrole)) WHERE defaclnamespace = 0 \gexec
SELECT 'CREATE EXTENSION IF NOT EXISTS ' || line FROM regexp_split_to_table(:'extensions', E'\n') line WHERE line <> '' \gexec
\set grants `cat "$BACKSTAY_DB_DIR/schema-grants.sql"`
SELECT COALESCE((SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (:grants) g), '') = :'wanted_grants' AS same_grants \gset
\if :same_grants
\else
	SELECT format('REVOKE ALL ON SCHEMA %I FROM %s', nspname, grantee) FROM (:grants) g GROUP BY nspname, grantee \gexec
	SELECT line FROM regexp_split_to_table(:'wanted_grants', E'\n') line WHERE line <> '' \gexec
\endif
