-- Enabled events are stopped with their definer kept; ALTER EVENT would make it us.
SELECT CONCAT('ALTER DEFINER = `', REPLACE(LEFT(DEFINER, CHAR_LENGTH(DEFINER) - CHAR_LENGTH(SUBSTRING_INDEX(DEFINER, '@', -1)) - 1), '`', '``'),
	'`@`', SUBSTRING_INDEX(DEFINER, '@', -1), '` EVENT ', CONCAT('`', REPLACE(EVENT_NAME, '`', '``'), '`'), ' DISABLE;')
FROM information_schema.EVENTS
WHERE EVENT_SCHEMA = @from AND STATUS = 'ENABLED';
