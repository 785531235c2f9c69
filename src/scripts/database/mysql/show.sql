-- How every table is defined.
SELECT CONCAT('SHOW CREATE TABLE ', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ';')
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @from AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
ORDER BY TABLE_NAME;
