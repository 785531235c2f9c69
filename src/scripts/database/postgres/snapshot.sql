-- One moment of the database: a dump of it by another program and the counts of its rows are of the same snapshot.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv BACKSTAY_SNAPSHOT :snapshot
\! sh "$BACKSTAY_DB_DIR/dump"
\i :counts
COMMIT;
