-- What cannot be written out, since the server does not tell it: MariaDB shows members beyond its own character set as `?`.
SELECT CONCAT('column ', TABLE_NAME, '.', COLUMN_NAME, ' has a member with a `?` or an emoji, which the server shows as one: it cannot be written out, only copied (protect: shadow)')
FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = @from AND VERSION() LIKE '%MariaDB%' AND DATA_TYPE IN ('enum', 'set') AND COLUMN_TYPE LIKE '%?%'
AND (@what <> 'own' OR TABLE_NAME NOT REGEXP '^__(backstay|failed|earlier|replaced)_[0-9]{8}t[0-9]{6}z_')
ORDER BY TABLE_NAME, COLUMN_NAME;
