-- One line for every table of @from, the largest first, about the same table of @to; @what says which:
--
-- pieces   puts into @to's marker how a large table is divided: ranges of the first column of its key, of 20,000 rows or a 500th each,
--          so that no statement grows with it and several sessions share it. As many are looked for as its estimated size may need
--          twice over; the last has no end.
-- copy     all of its rows, or those of a piece. The site writes meanwhile, so a row may meet its own past in a unique key: IGNORE leaves
--          it out. The comparison finds it, as all else.
-- compare  of the table, or of a piece: answers with the table's name (hex), its rows, how many of them have their equal in the copy, and
--          the copy's rows. With a key: those that a join on it finds equal, every column to the last byte. Text in a usual character
--          set is compared in its collation …_nopad_bin (MariaDB), which is as exact as bytes and looks at them where they lie; other
--          text as BINARY (one makes a comparison of bytes; a second only costs time), over 1 MB by length and SHA-256, since BINARY of what is longer
--          than max_allowed_packet is NULL, and NULL equals NULL. Without a key: the hashes of all rows, counted in both.
-- mend     its name (hex), a tab, and what makes the copy equal again: rows of the copy that have no equal go, then rows that are
--          missing come. Without a key, and for a sequence, all of it.
SELECT CASE @what
	WHEN 'pieces' THEN CONCAT('START TRANSACTION; SET @n = 0, @last = NULL, @upto = (SELECT ', k.first_column, ' FROM ', t.here, ' ORDER BY ', k.first_column,
			' LIMIT 1 OFFSET ', t.step, '); ',
		REPEAT(CONCAT('INSERT INTO backstay_marker SELECT NULL, ''', HEX(t.TABLE_NAME), ''', @n, CONCAT_WS('' AND '', ', o.after_last, ', ', o.until,
			') FROM DUAL WHERE @upto IS NOT NULL; SET @n = @n + 1, @last = COALESCE(@upto, @last); SET @upto = (SELECT ', k.first_column, ' FROM ', t.here,
			' WHERE @upto IS NOT NULL AND ', k.first_column, ' > @upto ORDER BY ', k.first_column, ' LIMIT 1 OFFSET ', t.step, '); '), 2 * t.estimate DIV t.step),
		'INSERT INTO backstay_marker SELECT NULL, ''', HEX(t.TABLE_NAME), ''', @n, ', o.after_last, ' FROM DUAL WHERE @last IS NOT NULL; COMMIT;')
	WHEN 'copy' THEN CONCAT('INSERT ', IF(p.n IS NULL, '', 'IGNORE '), 'INTO ', t.there, ' (', c.names, ') SELECT ', c.names, ' FROM ', t.here, ' l WHERE ', COALESCE(p.piece, 'TRUE'), ';')
	WHEN 'compare' THEN CONCAT('SELECT ''', HEX(t.TABLE_NAME), ''', ', IF(k.TABLE_NAME IS NULL,
		CONCAT('(SELECT COUNT(*) FROM ', t.here, '), (SELECT COUNT(*) FROM ', t.here, ') - (SELECT COUNT(*) FROM (SELECT h FROM (SELECT SHA2(CONCAT_WS('','', ', c.hashed,
			'), 256) AS h, 1 AS n FROM ', t.here, ' UNION ALL SELECT SHA2(CONCAT_WS('','', ', c.hashed, '), 256), -1 FROM ', t.there,
			') both_sides GROUP BY h HAVING SUM(n) <> 0) odd), (SELECT COUNT(*) FROM ', t.there, ');'),
		CONCAT('COUNT(*), COUNT(IF(', c.same, ', 1, NULL)), (SELECT COUNT(*) FROM ', t.there, ' l WHERE ', COALESCE(p.piece, 'TRUE'),
			') FROM ', t.here, ' l LEFT JOIN ', t.there, ' s ON ', k.joined, ' WHERE ', COALESCE(p.piece, 'TRUE'), ';')))
	WHEN 'mend' THEN CONCAT(HEX(t.TABLE_NAME), '\t', IF(k.TABLE_NAME IS NULL,
		CONCAT(IF(t.TABLE_TYPE = 'SEQUENCE', '', CONCAT('DELETE FROM ', t.there, '; ')),
			'INSERT INTO ', t.there, ' (', c.names, ') SELECT ', c.names, ' FROM ', t.here, ';'),
		CONCAT('DELETE s FROM ', t.there, ' s LEFT JOIN ', t.here, ' l ON ', k.joined, ' AND ', c.same, ' WHERE l.', k.first_column, ' IS NULL; ',
			'INSERT INTO ', t.there, ' (', c.names, ') SELECT ', c.live_names, ' FROM ', t.here, ' l LEFT JOIN ', t.there, ' s ON ', k.joined,
			' WHERE s.', k.first_column, ' IS NULL;')))
END
FROM (
	SELECT TABLE_NAME, TABLE_TYPE, COALESCE(DATA_LENGTH, 0) AS size, COALESCE(TABLE_ROWS, 0) AS estimate,
		GREATEST(20000, COALESCE(TABLE_ROWS, 0) DIV 500) AS step,
		CONCAT('`', REPLACE(@from, '`', '``'), '`.`', REPLACE(TABLE_NAME, '`', '``'), '`') AS here,
		CONCAT('`', REPLACE(@to, '`', '``'), '`.`', REPLACE(TABLE_NAME, '`', '``'), '`') AS there
	FROM information_schema.TABLES
	WHERE TABLE_SCHEMA = @from AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
) t
JOIN (
	SELECT c.TABLE_NAME,
		GROUP_CONCAT(CASE
			WHEN n.COLLATION_NAME IS NOT NULL AND c.DATA_TYPE NOT IN ('enum', 'set') THEN CONCAT('l.', c.q, ' COLLATE ', n.COLLATION_NAME, ' <=> s.', c.q)
			WHEN c.DATA_TYPE IN ('char', 'varchar', 'tinytext', 'text') THEN CONCAT('BINARY l.', c.q, ' <=> s.', c.q)
			WHEN c.DATA_TYPE IN ('mediumtext', 'longtext', 'json') THEN CONCAT(
				'IF(OCTET_LENGTH(l.', c.q, ') <= 1000000, BINARY l.', c.q, ' <=> ', IF(c.DATA_TYPE = 'json', 'BINARY s.', 's.'), c.q,
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
		SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, DATA_TYPE, CHARACTER_SET_NAME, CONCAT('`', REPLACE(COLUMN_NAME, '`', '``'), '`') AS q,
			EXTRA REGEXP 'VIRTUAL|STORED|PERSISTENT' AS is_generated
		FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = @from
	) c
	LEFT JOIN information_schema.COLLATIONS n ON n.COLLATION_NAME = CONCAT(c.CHARACTER_SET_NAME, '_nopad_bin')
		AND c.CHARACTER_SET_NAME IN ('ascii', 'latin1', 'utf8mb3', 'utf8mb4')
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
LEFT JOIN (
	SELECT b.TABLE_NAME, b.q, CONCAT('CONCAT(', QUOTE(CONCAT('l.', b.q, ' > ')), ', ', REPLACE(b.literal, '?', '@last'), ')') AS after_last,
		CONCAT('CONCAT(', QUOTE(CONCAT('l.', b.q, ' <= ')), ', ', REPLACE(b.literal, '?', '@upto'), ')') AS until
	FROM (
		SELECT TABLE_NAME, CONCAT('`', REPLACE(COLUMN_NAME, '`', '``'), '`') AS q, CASE
			WHEN DATA_TYPE IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal') THEN '?'
			WHEN DATA_TYPE IN ('date', 'datetime', 'timestamp') THEN 'NULLIF(QUOTE(?), ''NULL'')'
			WHEN DATA_TYPE IN ('binary', 'varbinary') THEN '''X'''''', HEX(?), '''''''''
			WHEN DATA_TYPE IN ('char', 'varchar') THEN CONCAT('''_', CHARACTER_SET_NAME, ' X'''''', HEX(?), ''''''''')
		END AS literal
		FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = @from AND @what = 'pieces'
	) b
) o ON o.TABLE_NAME = t.TABLE_NAME AND o.q = k.first_column
LEFT JOIN backstay_marker p ON p.of_table = CONVERT(HEX(t.TABLE_NAME) USING ascii) AND @what IN ('copy', 'compare')
WHERE @what <> 'pieces' OR (t.estimate > 2 * t.step AND o.until IS NOT NULL)
ORDER BY t.size DESC, t.TABLE_NAME, p.n;
