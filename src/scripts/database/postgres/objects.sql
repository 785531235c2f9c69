-- What a dump makes again, a line each: kind, name, definition as JSON. Numbers that the server gives are left out.
SET search_path = pg_catalog;
WITH people AS (
	SELECT oid, nspname, nspowner, nspacl FROM pg_namespace n
	WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND deptype = 'e')
), member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relation AS (
	SELECT c.*, nspname, nspname || '.' || relname AS name FROM pg_class c JOIN people n ON n.oid = relnamespace
	WHERE relpersistence <> 't' AND (1259, c.oid) NOT IN (SELECT classid::int, objid FROM member)
)
SELECT kind, to_jsonb(name)::text, (definition || COALESCE(jsonb_build_object('comment', comment), '{}'))::text
FROM (
	SELECT 'schema' AS kind, nspname::text AS name, jsonb_build_array(pg_get_userbyid(nspowner), (SELECT jsonb_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(COALESCE(nspacl, acldefault('n', nspowner))) a)) AS definition,
		obj_description(oid, 'pg_namespace') AS comment
	FROM people
	UNION ALL
	SELECT 'relation', name, jsonb_build_array(relkind, relpersistence, pg_get_userbyid(relowner), reloptions, relrowsecurity, relforcerowsecurity, relreplident,
		(SELECT jsonb_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(relacl) a), (SELECT spcname FROM pg_tablespace WHERE oid = reltablespace), (SELECT amname FROM pg_am WHERE oid = relam),
		CASE relkind WHEN 'p' THEN pg_get_partkeydef(oid) WHEN 'v' THEN pg_get_viewdef(oid) WHEN 'm' THEN pg_get_viewdef(oid) END, pg_get_expr(relpartbound, oid),
		(SELECT jsonb_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = relation.oid),
		(SELECT jsonb_build_array(format_type(seqtypid, NULL), seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) FROM pg_sequence WHERE seqrelid = relation.oid)),
		obj_description(oid, 'pg_class')
	FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
	UNION ALL
	SELECT 'column', name || '.' || attname, jsonb_build_array(row_number() OVER (PARTITION BY attrelid ORDER BY attnum), format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
		attidentity, attgenerated, attcollation::regcollation::text, attstorage, attoptions, CASE WHEN attstattarget >= 0 THEN attstattarget END, (SELECT jsonb_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(attacl) a)),
		col_description(attrelid, attnum)
	FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
	UNION ALL
	SELECT 'constraint', COALESCE(name, contypid::regtype::text) || '.' || conname, jsonb_build_array(pg_get_constraintdef(c.oid), convalidated), obj_description(c.oid, 'pg_constraint')
	FROM pg_constraint c JOIN people n ON n.oid = connamespace LEFT JOIN relation ON relation.oid = conrelid
	WHERE contype <> 't' AND (conrelid = 0 OR name IS NOT NULL) AND (1247, contypid) NOT IN (SELECT classid::int, objid FROM member)
	UNION ALL
	SELECT 'index', name, jsonb_build_array(pg_get_indexdef(oid), indisclustered, indisreplident, indisvalid), obj_description(oid, 'pg_class')
	FROM relation JOIN pg_index ON indexrelid = oid
	UNION ALL
	SELECT 'trigger', name || '.' || tgname, jsonb_build_array(pg_get_triggerdef(t.oid), tgenabled), obj_description(t.oid, 'pg_trigger')
	FROM pg_trigger t JOIN relation ON relation.oid = tgrelid WHERE NOT tgisinternal
	UNION ALL
	SELECT 'rule', name || '.' || rulename, jsonb_build_array(pg_get_ruledef(r.oid), ev_enabled), obj_description(r.oid, 'pg_rewrite')
	FROM pg_rewrite r JOIN relation ON relation.oid = ev_class WHERE rulename <> '_RETURN'
	UNION ALL
	SELECT 'policy', name || '.' || polname, jsonb_build_array(polcmd, polpermissive, (SELECT jsonb_agg(pg_get_userbyid(r) ORDER BY pg_get_userbyid(r)) FROM unnest(polroles) r), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
		obj_description(p.oid, 'pg_policy')
	FROM pg_policy p JOIN relation ON relation.oid = polrelid
	UNION ALL
	SELECT 'statistics', nspname || '.' || stxname, jsonb_build_array(pg_get_statisticsobjdef(s.oid), pg_get_userbyid(stxowner)), obj_description(s.oid, 'pg_statistic_ext')
	FROM pg_statistic_ext s JOIN people n ON n.oid = stxnamespace
	UNION ALL
	SELECT 'routine', p.oid::regprocedure::text, jsonb_build_array(prokind, CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END, pg_get_userbyid(proowner), (SELECT jsonb_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(proacl) a)),
		obj_description(p.oid, 'pg_proc')
	FROM pg_proc p JOIN people n ON n.oid = pronamespace
	WHERE (1255, p.oid) NOT IN (SELECT classid::int, objid FROM member)
	AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'i')
	UNION ALL
	SELECT 'type', t.oid::regtype::text, jsonb_build_array(typtype, pg_get_userbyid(typowner), (SELECT jsonb_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(typacl) a), typnotnull, typdefault,
		format_type(NULLIF(typbasetype, 0), typtypmod), (SELECT jsonb_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)), obj_description(t.oid, 'pg_type')
	FROM pg_type t JOIN people n ON n.oid = typnamespace
	WHERE typtype IN ('d', 'e', 'r') AND (1247, t.oid) NOT IN (SELECT classid::int, objid FROM member)
	UNION ALL
	SELECT 'default privileges', format('%s in %s of %s', defaclobjtype, COALESCE(nspname, '*'), pg_get_userbyid(defaclrole)), to_jsonb((SELECT array_agg(a::text ORDER BY a::text COLLATE "C") FROM unnest(defaclacl) a)), NULL
	FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = defaclnamespace
	UNION ALL
	SELECT 'publication', pubname, jsonb_build_array(pg_get_userbyid(pubowner), puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot,
		(SELECT jsonb_agg(prrelid::regclass::text ORDER BY prrelid::regclass::text COLLATE "C") FROM pg_publication_rel WHERE prpubid = p.oid)), obj_description(p.oid, 'pg_publication')
	FROM pg_publication p
	UNION ALL
	SELECT 'extension', extname, jsonb_build_array(extversion, extnamespace::regnamespace::text), NULL FROM pg_extension
	UNION ALL
	SELECT k.kind, o.identity, '[]', NULL
	FROM (
		SELECT 'operator', 'pg_operator'::regclass::oid, oid, oprnamespace FROM pg_operator
		UNION ALL SELECT 'operator family', 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
		UNION ALL SELECT 'collation', 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
		UNION ALL SELECT 'conversion', 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
		UNION ALL SELECT 'text search configuration', 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
		UNION ALL SELECT 'text search dictionary', 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
	) k (kind, classid, objid, namespace)
	JOIN people n ON n.oid = k.namespace, LATERAL pg_identify_object(k.classid, k.objid, 0) o
	WHERE (k.classid::int, k.objid) NOT IN (SELECT classid::int, objid FROM member)
) all_of_it
ORDER BY kind, name COLLATE "C", definition::text COLLATE "C";
