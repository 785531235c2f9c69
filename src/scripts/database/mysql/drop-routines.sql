-- Routines and events.
SELECT CONCAT('DROP ', ROUTINE_TYPE, ' IF EXISTS ', CONCAT('`', REPLACE(ROUTINE_NAME, '`', '``'), '`'), ';')
FROM information_schema.ROUTINES
WHERE ROUTINE_SCHEMA = @from;
SELECT CONCAT('DROP EVENT IF EXISTS ', CONCAT('`', REPLACE(EVENT_NAME, '`', '``'), '`'), ';')
FROM information_schema.EVENTS
WHERE EVENT_SCHEMA = @from;
