-- How every table is defined. @what `own` leaves out what Backstay has put beside the app's tables.
SELECT CONCAT('SHOW CREATE TABLE ', CONCAT('`', REPLACE(TABLE_NAME, '`', '``'), '`'), ';')
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @from AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
AND (@what <> 'own' OR TABLE_NAME NOT REGEXP '^__(backstay|failed|earlier|replaced)_[0-9]{8}t[0-9]{6}z_')
ORDER BY TABLE_NAME;
