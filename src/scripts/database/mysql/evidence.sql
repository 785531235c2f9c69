-- Questions of evidence.sh, each under its name.
-- why-not:
SELECT 'performance_schema is off' FROM DUAL WHERE @@performance_schema = 0;
SELECT 'performance_schema does not count what is written to tables' FROM DUAL
WHERE EXISTS (SELECT 1 FROM performance_schema.setup_instruments WHERE NAME = 'wait/io/table/sql/handler' AND ENABLED <> 'YES')
OR EXISTS (SELECT 1 FROM performance_schema.setup_consumers WHERE NAME IN ('global_instrumentation', 'thread_instrumentation') AND ENABLED <> 'YES')
OR EXISTS (SELECT 1 FROM performance_schema.setup_objects WHERE OBJECT_TYPE = 'TABLE' AND ENABLED <> 'YES'
	AND OBJECT_SCHEMA NOT IN ('mysql', 'performance_schema', 'information_schema'))
OR NOT EXISTS (SELECT 1 FROM performance_schema.setup_objects WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = '%' AND OBJECT_NAME = '%');
SELECT 'performance_schema does not watch every session' FROM DUAL
WHERE EXISTS (SELECT 1 FROM performance_schema.threads WHERE INSTRUMENTED <> 'YES')
OR (SELECT COUNT(*) FROM performance_schema.setup_actors WHERE HOST = '%' AND `USER` = '%' AND ENABLED = 'YES') <> (SELECT COUNT(*) FROM performance_schema.setup_actors);
SELECT 'performance_schema has lost track of tables (performance_schema_max_table_instances, performance_schema_max_table_handles)'
FROM /*M! information_schema */ /*!80000 performance_schema */.GLOBAL_STATUS
WHERE VARIABLE_NAME IN ('PERFORMANCE_SCHEMA_TABLE_INSTANCES_LOST', 'PERFORMANCE_SCHEMA_TABLE_HANDLES_LOST') AND VARIABLE_VALUE <> '0';
-- server:
SELECT UNIX_TIMESTAMP(), VARIABLE_VALUE FROM /*M! information_schema */ /*!80000 performance_schema */.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME';
-- writes:
SELECT HEX(OBJECT_NAME), COUNT_WRITE, COUNT_READ FROM performance_schema.table_io_waits_summary_by_table
WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = @live;
-- identities:
SELECT NAME, TABLE_ID FROM information_schema./*M! INNODB_SYS_TABLES */ /*!80000 INNODB_TABLES */ WHERE LEFT(NAME, CHAR_LENGTH(@live) + 1) = CONCAT(@live, '/') ORDER BY NAME;
SELECT HEX(TABLE_NAME), CREATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = @live AND TABLE_TYPE <> 'VIEW' ORDER BY TABLE_NAME;
-- open:
SELECT trx_id FROM information_schema.INNODB_TRX WHERE trx_rows_modified > 0;
-- tables:
SELECT HEX(TABLE_NAME), IF(TABLE_TYPE = 'BASE TABLE' AND ENGINE = 'InnoDB' AND CREATE_OPTIONS NOT LIKE '%partitioned%'
	AND (SELECT COUNT(*) FROM information_schema./*M! INNODB_SYS_TABLES */ /*!80000 INNODB_TABLES */ WHERE LEFT(NAME, CHAR_LENGTH(@live) + 1) = CONCAT(@live, '/')) > 0, 'plain', 'other')
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @live AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush');
-- cascades:
SELECT HEX(TABLE_NAME), HEX(REFERENCED_TABLE_NAME) FROM information_schema.REFERENTIAL_CONSTRAINTS
WHERE CONSTRAINT_SCHEMA = @live AND (DELETE_RULE NOT IN ('RESTRICT', 'NO ACTION') OR UPDATE_RULE NOT IN ('RESTRICT', 'NO ACTION'));
-- end:
