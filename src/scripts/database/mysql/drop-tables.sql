-- Everything in a schema of ours, so that dropping the schema itself is quick.
SELECT CONCAT('DROP ', IF(TABLE_TYPE = 'SEQUENCE', 'SEQUENCE', 'TABLE'), ' IF EXISTS ', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ';')
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @from AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE')
ORDER BY TABLE_NAME = 'backstay_marker', TABLE_NAME;
