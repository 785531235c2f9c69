-- The swap in one session, as far as it goes at once; how far is the last word on standard output:
--
--   left       scripts of this run are still at work: they are in :raw, and nothing was done
--   gone       the database with the OID :oid has neither name, and nothing was done
--   prepared   transactions that wait for their second phase hold the live one, and nothing was done
--   sessions   the live one is closed, and those in :raw are still connected to it
--   settings   swapped, but what is kept outside of it, in :now, is not what stands in :wanted; it stays closed
--   swapped    and open, but it cannot be connected to
--   live       all is done
\o :raw
\set which own
\i :statements/sessions.sql
\o
\if `test -s "$BACKSTAY_RAW" && echo 1 || echo 0`
	\echo left
	\q
\endif
SELECT datname = :'from' AS beside, datname NOT IN (:'live', :'from') AS gone, EXISTS (SELECT FROM pg_prepared_xacts WHERE database = :'live') AS held
FROM (SELECT COALESCE((SELECT datname FROM pg_database WHERE oid = :oid), '') AS datname) d \gset
\if :gone
	\echo gone
	\q
\endif
\if :beside
	\if :held
		\echo prepared
		\q
	\endif
	ALTER DATABASE :"live" ALLOW_CONNECTIONS false;
	\o :raw
	\set which all
	\i :statements/sessions.sql
	\o
	\if `test -s "$BACKSTAY_RAW" && echo 1 || echo 0`
		\echo sessions
		\q
	\endif
	-- either both names have changed or none has
	BEGIN;
	ALTER DATABASE :"live" RENAME TO :"away";
	ALTER DATABASE :"from" RENAME TO :"live";
	COMMIT;
\endif
\o :now
\set of :live
\i :statements/settings.sql
\o
\if `cmp -s "$BACKSTAY_WANTED" "$BACKSTAY_NOW" && echo 1 || echo 0`
\else
	\echo settings
	\q
\endif
ALTER DATABASE :"live" ALLOW_CONNECTIONS true;
\echo swapped
\connect :"to_live"
SELECT 'live';
