-- Those that are stopped now: the caller keeps to the ones that it stopped.
SELECT CONCAT('ALTER DEFINER = `', REPLACE(LEFT(DEFINER, CHAR_LENGTH(DEFINER) - CHAR_LENGTH(SUBSTRING_INDEX(DEFINER, '@', -1)) - 1), '`', '``'),
	'`@`', SUBSTRING_INDEX(DEFINER, '@', -1), '` EVENT ', CONCAT('`', REPLACE(EVENT_NAME, '`', '``'), '`'), ' ENABLE;')
FROM information_schema.EVENTS
WHERE EVENT_SCHEMA = @from AND STATUS = 'DISABLED';
