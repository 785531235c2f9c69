-- Rows that were written to each table of this database, as the server counts them.
SELECT relid, n_tup_ins + n_tup_upd + n_tup_del, quote_ident(schemaname) || '.' || quote_ident(relname) FROM pg_stat_user_tables;
