-- One line about each table of @from: its name, in hex and as it is; what it is; the columns of its rows; a statement that answers with the number of
-- its rows and a digest of them; a statement that answers with each row as a tuple for INSERT. @what `own` leaves out what Backstay has put
-- beside the app's tables.
--
-- A tuple is right to the last bit: FLOAT as the DOUBLE that it is, ENUM, SET and BIT by their numbers, text and blobs as their bytes in
-- whatever character set (long ones by base64: REPLACE takes time by the square of the length). It needs no more than the client's batch output escapes by itself (NUL, tab, newline, backslash). One that is longer
-- than max_allowed_packet becomes NULL as a whole. The digest adds up the hashes of all rows, so that their order does not matter; a value has its length
-- before it, or is hashed itself.
SELECT HEX(t.TABLE_NAME), t.TABLE_NAME, IF(t.TABLE_TYPE = 'SEQUENCE', 'sequence', 'table'), CONCAT('(', c.names, ')'),
	CONCAT('SELECT COUNT(*), COALESCE(SUM(CAST(CONV(SUBSTR(h, 1, 16), 16, 10) AS UNSIGNED)), 0), COALESCE(SUM(CAST(CONV(SUBSTR(h, 17, 16), 16, 10) AS UNSIGNED)), 0), ',
		'COALESCE(SUM(CAST(CONV(SUBSTR(h, 33, 16), 16, 10) AS UNSIGNED)), 0), COALESCE(SUM(CAST(CONV(SUBSTR(h, 49, 16), 16, 10) AS UNSIGNED)), 0) ',
		'FROM (SELECT SHA2(CONCAT_WS('','', ', c.hashed, '), 256) AS h FROM ', t.here, ') r;'),
	CONCAT('SELECT CONCAT(''('', ', c.tuple, ', '')'') FROM ', t.here, ';')
FROM (
	SELECT TABLE_NAME, TABLE_TYPE, COALESCE(DATA_LENGTH, 0) AS size,
		CONCAT('`', REPLACE(@from, '`', '``'), '`.`', REPLACE(TABLE_NAME, '`', '``'), '`') AS here
	FROM information_schema.TABLES
	WHERE TABLE_SCHEMA = @from AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME NOT IN ('backstay_marker', 'backstay_flush')
	AND (@what <> 'own' OR TABLE_NAME NOT REGEXP '^__(backstay|failed|earlier|replaced)_[0-9]{8}t[0-9]{6}z_')
) t
JOIN (
	SELECT TABLE_NAME, GROUP_CONCAT(hashed ORDER BY ORDINAL_POSITION SEPARATOR ', ') AS hashed,
		GROUP_CONCAT(IF(is_generated, NULL, q) ORDER BY ORDINAL_POSITION) AS names,
		GROUP_CONCAT(IF(is_generated, NULL, CONCAT('IF(', q, ' IS NULL, ''NULL'', ', literal, ')')) ORDER BY ORDINAL_POSITION SEPARATOR ', '','', ') AS tuple
	FROM (
		SELECT TABLE_NAME, ORDINAL_POSITION, q, is_generated,
			CASE kind
				WHEN 'number' THEN q
				WHEN 'numbered' THEN CONCAT('CAST(', q, ' AS UNSIGNED)')
				WHEN 'float' THEN CONCAT('CONCAT('''''''', CAST(', q, ' AS DOUBLE), '''''''')')
				WHEN 'json' THEN CONCAT('CONCAT('''''''', REPLACE(CAST(', q, ' AS CHAR CHARACTER SET utf8mb4), '''''''', ''''''''''''), '''''''')')
				WHEN 'plain' THEN CONCAT('CONCAT('''''''', ', q, ', '''''''')')
				ELSE CONCAT('IF(OCTET_LENGTH(', q, ') <= 16000, CONCAT(''_binary'''''', REPLACE(BINARY ', q, ', '''''''', ''''''''''''), ''''''''), ',
					'CONCAT(''FROM_BASE64('''''', TO_BASE64(BINARY ', q, '), '''''')''))')
			END AS literal,
			CONCAT('COALESCE(', CASE kind
				WHEN 'numbered' THEN CONCAT('CAST(', q, ' AS UNSIGNED)')
				WHEN 'float' THEN CONCAT('CAST(', q, ' AS DOUBLE)')
				WHEN 'short' THEN CONCAT('CONCAT(LENGTH(', q, '), '':'', BINARY ', q, ')')
				WHEN 'json' THEN CONCAT('SHA2(', q, ', 256)')
				WHEN 'long' THEN CONCAT('SHA2(', q, ', 256)')
				ELSE q
			END, ', ''-'')') AS hashed
		FROM (
			SELECT TABLE_NAME, ORDINAL_POSITION, CONCAT('`', REPLACE(COLUMN_NAME, '`', '``'), '`') AS q, EXTRA REGEXP 'VIRTUAL|STORED|PERSISTENT' AS is_generated,
				CASE
					WHEN DATA_TYPE IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal') THEN 'number'
					WHEN DATA_TYPE IN ('bit', 'enum', 'set') THEN 'numbered'
					WHEN DATA_TYPE IN ('float', 'double') THEN 'float'
					WHEN DATA_TYPE IN ('date', 'datetime', 'timestamp', 'time', 'year', 'uuid', 'inet4', 'inet6') THEN 'plain'
					WHEN DATA_TYPE IN ('char', 'varchar', 'binary', 'varbinary') THEN 'short'
					WHEN DATA_TYPE = 'json' THEN 'json'
					ELSE 'long'
				END AS kind
			FROM information_schema.COLUMNS
			WHERE TABLE_SCHEMA = @from
		) d
	) e
	GROUP BY TABLE_NAME
) c ON c.TABLE_NAME = t.TABLE_NAME
ORDER BY t.size DESC, t.TABLE_NAME;
