-- The account of this session: its user as sessions are listed, then as statements name it.
SELECT SUBSTRING_INDEX(USER(), '@', 1);
SELECT CONCAT('''', REPLACE(LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1), '''', ''''''),
	'''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''');
