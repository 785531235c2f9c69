-- How every view is defined.
SELECT CONCAT('SHOW CREATE VIEW ', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ';')
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @from AND TABLE_TYPE = 'VIEW'
ORDER BY TABLE_NAME;
