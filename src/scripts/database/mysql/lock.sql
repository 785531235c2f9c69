-- One statement over all live tables: no writer slips between two comparisons.
SELECT CONCAT(', ', CONCAT('`', REPLACE(TABLE_SCHEMA, '`', '``'), '`'), '.', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ' READ')
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @live AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE')
ORDER BY TABLE_NAME;
