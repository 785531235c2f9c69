-- Everything that a database holds, as lines of text: its objects as the server defines them, then each of its own catalogs, row
-- by row, as a digest, then every row of every table. Written for the tests; Backstay has no part in it.
SET extra_float_digits = 3;
SET TimeZone = 'UTC';
SET search_path = pg_catalog;
-- what the server keeps of the database outside of it
SELECT 'database', (to_jsonb(d) - 'oid' - 'datfrozenxid' - 'datminmxid' - 'datacl')::text, ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1), shobj_description(oid, 'pg_database')
FROM pg_database d WHERE datname = current_database();
SELECT 'database setting', COALESCE((SELECT rolname FROM pg_roles r WHERE r.oid = setrole), 'all'), unnest(setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase AND datname = current_database() ORDER BY 2, 3;
SELECT 'owned or granted', classid::regclass, objid, objsubid, refclassid::regclass, refobjid, deptype FROM pg_shdepend JOIN pg_database d ON d.oid = dbid AND datname = current_database() ORDER BY 2, 3, 4, 5, 6, 7;
-- objects, by their definitions
SELECT 'schema', nspname, pg_get_userbyid(nspowner), nspacl FROM pg_namespace ORDER BY 2;
SELECT 'extension', extname, extversion, extnamespace::regnamespace FROM pg_extension ORDER BY 2;
SELECT 'relation', c.oid::regclass, relkind, relpersistence, pg_get_userbyid(relowner), relacl, reloptions, relrowsecurity, relforcerowsecurity, relreplident, obj_description(c.oid, 'pg_class'), pg_get_partkeydef(c.oid), pg_get_expr(relpartbound, c.oid) FROM pg_class c WHERE c.oid >= 16384 ORDER BY c.oid;
SELECT 'column', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation::regcollation, attacl, attisdropped, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid >= 16384 AND attnum > 0 ORDER BY attrelid, attnum;
SELECT 'index', pg_get_indexdef(indexrelid), indisvalid, indisclustered, indisreplident FROM pg_index WHERE indexrelid >= 16384 ORDER BY indexrelid;
SELECT 'constraint', conrelid::regclass, contypid::regtype, conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384 ORDER BY oid;
SELECT 'sequence', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle FROM pg_sequence ORDER BY seqrelid;
SELECT 'view', oid::regclass, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384 ORDER BY oid;
SELECT 'function', oid::regprocedure, pg_get_userbyid(proowner), proacl, pg_get_functiondef(oid) FROM pg_proc WHERE prokind IN ('f', 'p') AND oid >= 16384 ORDER BY oid;
SELECT 'trigger', pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE oid >= 16384 ORDER BY oid;
SELECT 'event trigger', evtname, evtevent, evtenabled, evttags, evtfoid::regprocedure FROM pg_event_trigger ORDER BY 2;
SELECT 'rule', ev_class::regclass, pg_get_ruledef(oid) FROM pg_rewrite WHERE oid >= 16384 ORDER BY oid;
SELECT 'type', oid::regtype, typtype, pg_get_userbyid(typowner), typacl, typnotnull, typdefault, obj_description(oid, 'pg_type') FROM pg_type WHERE oid >= 16384 ORDER BY oid;
SELECT 'enum', enumtypid::regtype, enumsortorder, enumlabel FROM pg_enum ORDER BY 2, 3;
SELECT 'policy', * FROM pg_policies ORDER BY schemaname, tablename, policyname;
SELECT 'default privileges', pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 2, 3, 4;
SELECT 'large object', oid, pg_get_userbyid(lomowner), lomacl, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY 2;
SELECT 'publication', pubname, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, ARRAY(SELECT prrelid::regclass::text FROM pg_publication_rel WHERE prpubid = p.oid ORDER BY 1) FROM pg_publication p ORDER BY 2;
SELECT 'statistics', schemaname, tablename, attname, inherited, null_frac, avg_width, n_distinct, most_common_vals::text, histogram_bounds::text, correlation FROM pg_stats WHERE schemaname !~ '^(pg_catalog|information_schema)$' ORDER BY 2, 3, 4, 5;
-- catalogs: a digest of all rows, object identifiers and places of files included
SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) FROM %s t', 'catalog ' || relname, oid::regclass)
FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared ORDER BY relname \gexec
-- rows
SELECT format('SELECT %L || t::text FROM ONLY %I.%I t ORDER BY t::text COLLATE "C"', n.nspname || '.' || relname || ' ', n.nspname, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid >= 16384 AND relkind IN ('r', 'm') AND n.nspname !~ '^pg_' ORDER BY n.nspname, relname \gexec
SELECT format('SELECT %L, last_value, log_cnt, is_called FROM %s', 'counter ' || oid::regclass, oid::regclass) FROM pg_class WHERE relkind = 'S' ORDER BY oid::regclass::text \gexec
