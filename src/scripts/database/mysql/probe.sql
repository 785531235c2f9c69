-- Questions of probe.sh, each under its name.
-- size:
SELECT COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0), COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = @live AND TABLE_TYPE <> 'VIEW';
-- lacking:
SELECT wanted.p
FROM (
	SELECT 'SELECT' AS p UNION SELECT 'INSERT' UNION SELECT 'DELETE' UNION SELECT 'CREATE' UNION SELECT 'DROP' UNION SELECT 'ALTER'
	UNION SELECT 'INDEX' UNION SELECT 'REFERENCES' UNION SELECT 'TRIGGER' UNION SELECT 'CREATE ROUTINE' UNION SELECT 'ALTER ROUTINE'
) wanted
WHERE NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES u WHERE u.PRIVILEGE_TYPE = wanted.p)
AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES s WHERE s.PRIVILEGE_TYPE = wanted.p AND @shadow LIKE s.TABLE_SCHEMA);
-- may-lock:
SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'LOCK TABLES'
UNION SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES WHERE PRIVILEGE_TYPE = 'LOCK TABLES' AND @live LIKE TABLE_SCHEMA;
-- server:
SELECT 'the server writes its binary log by statement, so a copy would block writers', 'set binlog_format to MIXED or ROW there'
FROM DUAL WHERE @@log_bin = 1 AND @@binlog_format = 'STATEMENT';
SELECT 'max_allowed_packet is below 4 MB, so rows could not be compared', 'set max_allowed_packet to 16M or more there'
FROM DUAL WHERE @@max_allowed_packet < 4194304;
SELECT CONCAT('the server folds the case of schema names (lower_case_table_names ', @@lower_case_table_names, ') and ', @live, ' has upper case in it'), 'name it in lower case in the app too'
FROM DUAL WHERE @@lower_case_table_names <> 0 AND BINARY @live <> BINARY LOWER(@live);
SELECT 'the account may not make triggers while the binary log is on (error 1419), and going back needs that', 'SET GLOBAL log_bin_trust_function_creators = 1 on the server, or name an admin account: databases.<name>.admin'
FROM DUAL WHERE @@log_bin = 1 AND @@log_bin_trust_function_creators = 0
AND EXISTS (SELECT 1 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = @live)
AND NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN ('SUPER', 'SET_USER_ID'));
SELECT CONCAT(o.kind, ' ', o.name, ' belongs to ', o.definer, ': this account could not make it again with that definer'),
	'name an account on the target that may: databases.<name>.admin (an option file of an administrator, mode 0600)'
FROM (
	SELECT 'trigger' AS kind, TRIGGER_NAME AS name, DEFINER AS definer FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = @live
	UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = @live
	UNION ALL SELECT 'event', EVENT_NAME, DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = @live
	UNION ALL SELECT 'view', TABLE_NAME, DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = @live
) o
WHERE o.definer <> CURRENT_USER()
AND NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN ('SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER'));
-- tables:
SELECT CONCAT('table ', TABLE_NAME, ' has system versioning: its history would not come back'), 'protect this database by your own commands: engine: {command: {backup: …, restore: …}}'
FROM information_schema.TABLES WHERE TABLE_SCHEMA = @live AND TABLE_TYPE = 'SYSTEM VERSIONED';
SELECT CONCAT('table ', TABLE_NAME, ' is of the engine ', ENGINE, ', which keeps its rows elsewhere'), 'move it to another schema, or protect this database by your own commands: engine: {command: {backup: …, restore: …}}'
FROM information_schema.TABLES WHERE TABLE_SCHEMA = @live AND ENGINE IN ('FEDERATED', 'CONNECT', 'SPIDER', 'MRG_MyISAM', 'MROONGA', 'S3', 'NDBCLUSTER', 'BLACKHOLE');
SELECT CONCAT('a foreign key of another schema points here: ', CONSTRAINT_SCHEMA, '.', TABLE_NAME, ' (', CONSTRAINT_NAME, ') to ', REFERENCED_TABLE_NAME), 'drop that key: the swap would tear it'
FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE UNIQUE_CONSTRAINT_SCHEMA = @live AND CONSTRAINT_SCHEMA <> @live
AND LEFT(CONSTRAINT_SCHEMA, CHAR_LENGTH(@live) + 2) <> CONCAT(@live, '__');
SELECT CONCAT('table ', HEX(TABLE_NAME), ' (hex) has a line break or a tab in its name'), 'rename it'
FROM information_schema.TABLES WHERE TABLE_SCHEMA = @live AND TABLE_NAME REGEXP '[[:cntrl:]]';
SELECT CONCAT(TABLE_NAME, ' is a name that the copy needs for itself'), 'rename that table'
FROM information_schema.TABLES WHERE TABLE_SCHEMA = @live AND TABLE_NAME IN ('backstay_marker', 'backstay_flush');
-- dump:
SELECT CONCAT('table ', TABLE_NAME, ' has CHECK constraints, whose names count for the whole schema on MySQL: it cannot be loaded beside itself'), 'allow a copy: GRANT ALL PRIVILEGES on schemas beside it'
FROM information_schema.TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = @live AND CONSTRAINT_TYPE = 'CHECK' AND VERSION() NOT LIKE '%MariaDB%';
SELECT CONCAT('a column of table ', TABLE_NAME, ' has a line break or a tab in its name'), 'rename it'
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = @live AND COLUMN_NAME REGEXP '[[:cntrl:]]';
-- others:
SELECT CONCAT(USER, '@', SUBSTRING_INDEX(HOST, ':', 1), ' (', COUNT(*), IF(COUNT(*) = 1, ' session)', ' sessions)')) FROM information_schema.PROCESSLIST
WHERE DB = @live AND USER <> @app AND ID <> CONNECTION_ID() AND USER NOT IN ('system user', 'event_scheduler') GROUP BY USER, SUBSTRING_INDEX(HOST, ':', 1);
-- end:
