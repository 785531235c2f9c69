-- A view with the name of a table that comes back: the migration has put it there.
SELECT CONCAT('DROP VIEW ', CONCAT('`', REPLACE(v.TABLE_NAME, '`', '``'), '`'), ';')
FROM information_schema.TABLES v
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = @to AND t.TABLE_NAME = v.TABLE_NAME
WHERE v.TABLE_SCHEMA = @live AND v.TABLE_TYPE = 'VIEW';
