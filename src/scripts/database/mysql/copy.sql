-- All rows of every table of @from into the same table of @to, the largest tables first.
SELECT CONCAT('INSERT INTO ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' (', c.names, ') SELECT ', c.names, ' FROM ', CONCAT(CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ';')
FROM information_schema.TABLES t
JOIN (
	SELECT c.TABLE_NAME,
		GROUP_CONCAT(CASE
			WHEN c.DATA_TYPE IN ('char', 'varchar', 'tinytext', 'text') THEN CONCAT('BINARY l.', c.q, ' <=> BINARY s.', c.q)
			WHEN c.DATA_TYPE IN ('mediumtext', 'longtext', 'json') THEN CONCAT(
				'IF(OCTET_LENGTH(l.', c.q, ') <= 1000000, BINARY l.', c.q, ' <=> BINARY s.', c.q,
				', OCTET_LENGTH(l.', c.q, ') <=> OCTET_LENGTH(s.', c.q, ') AND SHA2(l.', c.q, ', 256) <=> SHA2(s.', c.q, ', 256))')
			WHEN c.DATA_TYPE IN ('enum', 'set') THEN CONCAT('l.', c.q, ' + 0 <=> s.', c.q, ' + 0')
			ELSE CONCAT('l.', c.q, ' <=> s.', c.q)
		END ORDER BY c.ORDINAL_POSITION SEPARATOR ' AND ') AS same,
		GROUP_CONCAT(CONCAT('COALESCE(SHA2(', CASE
			WHEN c.DATA_TYPE = 'float' THEN CONCAT('CAST(', c.q, ' AS DOUBLE)')
			WHEN c.DATA_TYPE IN ('enum', 'set', 'bit') THEN CONCAT(c.q, ' + 0')
			ELSE c.q
		END, ', 256), ''-'')') ORDER BY c.ORDINAL_POSITION SEPARATOR ', ') AS hashed,
		GROUP_CONCAT(IF(c.is_generated, NULL, c.q) ORDER BY c.ORDINAL_POSITION) AS names,
		GROUP_CONCAT(IF(c.is_generated, NULL, CONCAT('l.', c.q)) ORDER BY c.ORDINAL_POSITION) AS live_names
	FROM (
	SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, DATA_TYPE, CONCAT('`', REPLACE(COLUMN_NAME, '`', '``'), '`') AS q,
		EXTRA REGEXP 'VIRTUAL|STORED|PERSISTENT' AS is_generated
	FROM information_schema.COLUMNS
	WHERE TABLE_SCHEMA = @from
	) c
	GROUP BY c.TABLE_NAME
) c ON c.TABLE_NAME = t.TABLE_NAME
WHERE t.TABLE_SCHEMA = @from AND t.TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND t.TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
ORDER BY COALESCE(t.DATA_LENGTH, 0) DESC, t.TABLE_NAME;
