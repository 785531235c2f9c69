-- For every table its name (hex), a tab, and on the same line what makes the copy equal to @from again: rows of the copy that
-- have no equal go, then rows that are missing come. Without a key, and for a sequence, all of it.
SELECT CONCAT(HEX(t.TABLE_NAME), '\t', IF(k.TABLE_NAME IS NULL,
	CONCAT(IF(t.TABLE_TYPE = 'SEQUENCE', '', CONCAT('DELETE FROM ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), '; ')),
		'INSERT INTO ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' (', c.names, ') SELECT ', c.names, ' FROM ', CONCAT(CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ';'),
	CONCAT('DELETE s FROM ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' s LEFT JOIN ', CONCAT(CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' l ON ', k.joined, ' AND ', c.same, ' WHERE l.', k.first_column, ' IS NULL; ',
		'INSERT INTO ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' (', c.names, ') SELECT ', c.live_names, ' FROM ', CONCAT(CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' l LEFT JOIN ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' s ON ', k.joined,
		' WHERE s.', k.first_column, ' IS NULL;')))
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
LEFT JOIN (
	SELECT i.TABLE_NAME, GROUP_CONCAT(CONCAT('l.', i.q, ' = s.', i.q) ORDER BY i.SEQ_IN_INDEX SEPARATOR ' AND ') AS joined,
		MIN(IF(i.SEQ_IN_INDEX = 1, i.q, NULL)) AS first_column
	FROM (
		SELECT s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX, CONCAT('`', REPLACE(s.COLUMN_NAME, '`', '``'), '`') AS q
		FROM information_schema.STATISTICS s
		WHERE s.TABLE_SCHEMA = @from
	) i
	JOIN (
		SELECT TABLE_NAME, SUBSTRING(MIN(CONCAT(INDEX_NAME <> 'PRIMARY', INDEX_NAME)), 2) AS INDEX_NAME
		FROM (
			SELECT TABLE_NAME, INDEX_NAME
			FROM information_schema.STATISTICS
			WHERE TABLE_SCHEMA = @from AND NON_UNIQUE = 0 AND INDEX_TYPE IN ('BTREE', 'HASH')
			GROUP BY TABLE_NAME, INDEX_NAME
			HAVING SUM(NULLABLE = 'YES') = 0 AND SUM(SUB_PART IS NOT NULL) = 0
		) usable
		GROUP BY TABLE_NAME
	) chosen ON chosen.TABLE_NAME = i.TABLE_NAME AND chosen.INDEX_NAME = i.INDEX_NAME
	GROUP BY i.TABLE_NAME
) k ON k.TABLE_NAME = t.TABLE_NAME
WHERE t.TABLE_SCHEMA = @from AND t.TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND t.TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush');
