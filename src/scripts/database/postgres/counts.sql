-- How many rows each table has that a dump brings along: `NAME TAB ROWS`, the names escaped as a manifest has them. A materialized view
-- is made again by its restore.
SET row_security = off;
SELECT format('SELECT %L, count(*) FROM ONLY %I.%I', replace(replace(replace(nspname || '.' || relname, '\', '\\'), chr(9), '\t'), chr(10), '\n'), nspname, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
SELECT 'large objects', count(*) FROM pg_largeobject_metadata;
