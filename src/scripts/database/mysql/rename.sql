-- The parts of the one RENAME: live tables to @to, those of @from live, the marker of @from with them. Each line begins with
-- a comma, the first of which becomes RENAME TABLE.
SELECT CONCAT(', ', CONCAT('`', REPLACE(TABLE_SCHEMA, '`', '``'), '`'), '.', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ' TO ', IF(TABLE_SCHEMA = @live OR TABLE_NAME = 'backstay_marker', CONCAT('`', REPLACE(@to, '`', '``'), '`'), CONCAT('`', REPLACE(@live, '`', '``'), '`')), '.', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'))
FROM information_schema.TABLES
WHERE TABLE_SCHEMA IN (@live, @from) AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME <> 'backstay_flush'
ORDER BY TABLE_SCHEMA <> @live, TABLE_NAME;
