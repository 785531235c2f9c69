-- The next AUTO_INCREMENT value of each table of @from, where that of @to is another one.
SELECT CONCAT('ALTER TABLE ', CONCAT('`', REPLACE(f.TABLE_NAME, '`', '``'), '`'), ' AUTO_INCREMENT = ', f.AUTO_INCREMENT, ';')
FROM information_schema.TABLES f
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = @to AND t.TABLE_NAME = f.TABLE_NAME
WHERE f.TABLE_SCHEMA = @from AND f.TABLE_TYPE = 'BASE TABLE' AND f.AUTO_INCREMENT <> t.AUTO_INCREMENT
ORDER BY f.TABLE_NAME;
