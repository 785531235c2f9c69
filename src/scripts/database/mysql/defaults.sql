-- A statement for each default that SHOW CREATE TABLE may have lost (MariaDB shows what is beyond its own character set as `?`, and bytes
-- as text). It answers with the table (hex, then quoted), the column, the default's character set and the default (hex).
SELECT CONCAT('SELECT ''', HEX(c.TABLE_NAME), ''', ', QUOTE(CONCAT('`', REPLACE(c.TABLE_NAME, '`', '``'), '`')), ', ', QUOTE(CONCAT('`', REPLACE(c.COLUMN_NAME, '`', '``'), '`')),
	IF(c.CHARACTER_SET_NAME IS NULL, ', '''', HEX(DEFAULT(t.', ', ''_utf8mb4'', HEX(CONVERT(DEFAULT(t.'), CONCAT('`', REPLACE(c.COLUMN_NAME, '`', '``'), '`'),
	IF(c.CHARACTER_SET_NAME IS NULL, '))', ') USING utf8mb4))'),
	' FROM (SELECT 1) one LEFT JOIN `', REPLACE(@from, '`', '``'), '`.`', REPLACE(c.TABLE_NAME, '`', '``'), '` t ON FALSE;')
FROM information_schema.COLUMNS c
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = @from AND t.TABLE_NAME = c.TABLE_NAME AND t.TABLE_TYPE = 'BASE TABLE'
WHERE c.TABLE_SCHEMA = @from AND VERSION() LIKE '%MariaDB%' AND c.COLUMN_DEFAULT LIKE '''%'
AND (c.DATA_TYPE IN ('binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob')
	OR (c.DATA_TYPE IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext') AND c.COLUMN_DEFAULT LIKE '%?%'))
AND c.TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
AND (@what <> 'own' OR c.TABLE_NAME NOT REGEXP '^__(backstay|failed|earlier|replaced)_[0-9]{8}t[0-9]{6}z_')
ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION;
