-- A table with triggers cannot change its schema (error 1435).
SELECT CONCAT('DROP TRIGGER IF EXISTS ', CONCAT('`', REPLACE(TRIGGER_NAME, '`', '``'), '`'), ';')
FROM information_schema.TRIGGERS
WHERE TRIGGER_SCHEMA = @from;
