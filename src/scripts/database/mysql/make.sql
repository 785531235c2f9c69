-- An empty table like each live one. LIKE keeps what SHOW CREATE TABLE loses on MariaDB (an emoji in a default); foreign keys
-- it leaves out: keys.awk.
SELECT CONCAT('CREATE TABLE ', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ' LIKE ', CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ';')
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @from AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
ORDER BY TABLE_NAME;
