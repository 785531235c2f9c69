-- What each table, sequence and large object holds: rows and two digests of them, whose order does not count. What belongs to extensions
-- stays where it is; a materialized view is made again from its query.
SET search_path = pg_catalog;
SET row_security = off;
SET extra_float_digits = 1;
SET bytea_output = hex;
SET DateStyle = 'ISO, MDY';
SET IntervalStyle = postgres;
SELECT format('SELECT %L, %L, count(*), sum(hashtextextended((backstay_row.*)::text, 0)::numeric), sum(hashtextextended((backstay_row.*)::text, 1)::numeric) FROM ONLY %I.%I backstay_row',
	'table', to_jsonb(nspname || '.' || relname)::text, nspname, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
SELECT format('SELECT %L, %L, last_value, is_called FROM %I.%I', 'sequence', to_jsonb(nspname || '.' || relname)::text, nspname, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'S' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
SELECT 'large object', oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid;
