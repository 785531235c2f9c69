-- Everything that the dump has is dropped and made again, compared and committed; or nothing of it has happened.
BEGIN;
\set extensions `cat "$BACKSTAY_SAVED/extensions"`
\set wanted_grants `cat "$BACKSTAY_SAVED/schemas"`
\ir :files/drop.sql
\i :state/load
RESET ALL;
\ir :files/session.sql
\o :state/objects.now
\ir :files/objects.sql
\o :state/rows.now
\ir :files/rows.sql
\o /dev/null
SELECT pg_current_xact_id() AS xid \gset
-- who waits for a table that is not there any more must not go on with the new one
SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend' AND NOT r.rolsuper AND pg_has_role(r.oid, 'MEMBER');
\setenv BACKSTAY_XID :xid
\set is_equal `sh "$BACKSTAY_DB_DIR/make-again-judge" </dev/null`
\if :is_equal
	COMMIT;
\else
	ROLLBACK;
\endif
