-- One moment of the live database, in which nobody writes: a dump of it by pg_dump, and what the server says of the same moment. The
-- folder :saved takes all of it.
SELECT COALESCE(string_agg(format('%I.%I', nspname, relname), ', '), '') AS tables, count(*) > 0 AS some
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND pg_has_role(relowner, 'USAGE') AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e') \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
\if :some
	LOCK TABLE :tables IN SHARE MODE;
\endif
SELECT pg_export_snapshot() AS snapshot \gset
\setenv BACKSTAY_SNAPSHOT :snapshot
\! sh "$BACKSTAY_DB_DIR/dump-run" </dev/null
\cd :saved
\o rows
\ir :files/rows.sql
\o objects.live
\ir :files/objects.sql
\o stays
-- What of the dump is not made again, as its list names it: what belongs to extensions, and schemas that hold some.
SELECT format('TABLE DATA %s %s %s', nspname, relname, pg_get_userbyid(relowner)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
UNION ALL
SELECT kind || nspname || ' ' || pg_get_userbyid(nspowner) FROM pg_namespace n, unnest(ARRAY['SCHEMA - ', 'ACL - SCHEMA ', 'COMMENT - SCHEMA ']) kind
WHERE nspname = 'public' OR EXISTS (SELECT 1 FROM pg_extension WHERE extnamespace = n.oid);
\o extensions
SELECT format('%I SCHEMA %I VERSION %L', extname, nspname, extversion) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace ORDER BY e.oid;
\o schemas
\set grants `cat "$BACKSTAY_DB_DIR/schema-grants.sql"`
SELECT line FROM (:grants) g ORDER BY line COLLATE "C";
\o
COMMIT;
