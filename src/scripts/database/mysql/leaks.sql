-- Questions of leaks.sh, each under its name: session, account, state, statement. Of another account every session counts that is in
-- the live schema, or names it in its statement; of the app's own, since requests that only read do no harm, one that writes.
-- sessions:
SELECT ID, CONCAT(`USER`, '@', SUBSTRING_INDEX(`HOST`, ':', 1)), COMMAND, COALESCE(LEFT(REPLACE(REPLACE(REPLACE(INFO, '\r', ' '), '\n', ' '), '\t', ' '), 400), '')
FROM information_schema.PROCESSLIST
WHERE ID <> CONNECTION_ID() AND COMMAND NOT IN ('Daemon', 'Killed') AND `USER` NOT IN ('system user', 'event_scheduler', 'unauthenticated user')
AND (DB = @live OR LOCATE(CONCAT('`', REPLACE(@live, '`', '``'), '`.'), INFO) > 0
	OR @live REGEXP '^[0-9A-Za-z_]+$' AND INFO REGEXP CONCAT('(^|[^0-9A-Za-z_$.`])', @live, '[.]'))
AND (`USER` NOT IN (@app, SUBSTRING_INDEX(USER(), '@', 1))
	OR @moment <> 'checked' AND `USER` = @app AND COMMAND IN ('Query', 'Execute')
	AND INFO NOT REGEXP '^([[:space:](]|/[*][^*]*[*]/)*(SELECT|SHOW|EXPLAIN|DESC|DESCRIBE|SET|USE|WITH|VALUES|BEGIN|START|ROLLBACK|COMMIT)([^0-9A-Za-z_]|$)');
-- transactions:
SELECT p.ID, CONCAT(p.`USER`, '@', SUBSTRING_INDEX(p.`HOST`, ':', 1)), 'a transaction that has written', ''
FROM information_schema.INNODB_TRX t
JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
WHERE t.trx_rows_modified > 0 AND p.DB = @live AND p.ID <> CONNECTION_ID() AND NOT (@moment = 'checked' AND p.`USER` = @app);
-- end:
