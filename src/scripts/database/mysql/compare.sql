-- For every table of @from one comparison with the same table of @to. Each answers with the table's name (hex), its rows, how many
-- of them have no equal in the copy, and the copy's rows. With a key: an anti-join on it, every column byte by byte; text over
-- 1 MB by length and SHA-256, since BINARY of what is longer than max_allowed_packet is NULL, and NULL equals NULL. Without
-- a key: the hashes of all rows, counted in both.
SELECT CONCAT('SELECT ''', HEX(t.TABLE_NAME), ''', ', IF(k.TABLE_NAME IS NULL,
	CONCAT('(SELECT COUNT(*) FROM ', CONCAT(CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), '), (SELECT COUNT(*) FROM (SELECT h FROM (SELECT SHA2(CONCAT_WS('','', ', c.hashed,
		'), 256) AS h, 1 AS n FROM ', CONCAT(CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' UNION ALL SELECT SHA2(CONCAT_WS('','', ', c.hashed, '), 256), -1 FROM ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')),
		') both_sides GROUP BY h HAVING SUM(n) <> 0) odd), (SELECT COUNT(*) FROM ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ');'),
	CONCAT('COUNT(*), COALESCE(SUM(s.', k.first_column, ' IS NULL), 0), (SELECT COUNT(*) FROM ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ') FROM ', CONCAT(CONCAT('`', REPLACE(@from, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')),
		' l LEFT JOIN ', CONCAT(CONCAT('`', REPLACE(@to, '`', '``'), '`'), '.', CONCAT('`', REPLACE(t.TABLE_NAME, '`', '``'), '`')), ' s ON ', k.joined, ' AND ', c.same, ';')))
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
WHERE t.TABLE_SCHEMA = @from AND t.TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND t.TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
ORDER BY COALESCE(t.DATA_LENGTH, 0) DESC, t.TABLE_NAME;
