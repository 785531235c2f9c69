-- What every session of ours begins with: only the server's own functions, no waiting for long, and what it commits is on the disk.
\o /dev/null
SET client_min_messages = warning;
SET search_path = pg_catalog;
SET TimeZone = 'UTC';
SET statement_timeout = 0;
SET lock_timeout = '10s';
SET default_transaction_read_only = off;
SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off';
SELECT set_config('file_copy_method', 'clone', false) FROM pg_settings WHERE name = 'file_copy_method' AND 'clone' = ANY (enumvals);
\o
