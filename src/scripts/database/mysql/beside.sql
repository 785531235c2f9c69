-- Questions of beside.sh, each under its name; BESIDE_MARKER is the marker of what stands beside the live tables as @beside.
-- tables:
SELECT CONCAT('DROP ', IF(TABLE_TYPE = 'SEQUENCE', 'SEQUENCE', 'TABLE'), ' IF EXISTS `', REPLACE(TABLE_NAME, '`', '``'), '`;')
FROM information_schema.TABLES marked
WHERE TABLE_SCHEMA = @live AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND LEFT(TABLE_NAME, CHAR_LENGTH(@beside) + 1) = CONCAT(@beside, '_')
AND EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = @live AND TABLE_NAME = CONCAT(@beside, '_marker'))
ORDER BY TABLE_NAME = CONCAT(@beside, '_marker'), TABLE_NAME;
-- whole:
SELECT 1 FROM BESIDE_MARKER WHERE what = 'whole';
-- views-in-the-way:
SELECT CONCAT('DROP VIEW `', REPLACE(v.TABLE_NAME, '`', '``'), '`;')
FROM information_schema.TABLES v JOIN BESIDE_MARKER m ON m.what = 'loaded' AND m.name = CONVERT(v.TABLE_NAME USING utf8mb4) COLLATE utf8mb4_bin
WHERE v.TABLE_SCHEMA = @live AND v.TABLE_TYPE = 'VIEW';
-- number:
DELETE FROM BESIDE_MARKER WHERE what = 'away';
SET @n = 0;
INSERT INTO BESIDE_MARKER
SELECT 'away', @n := @n + 1, TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @live AND TABLE_TYPE IN ('BASE TABLE', 'SEQUENCE') AND TABLE_NAME <> 'backstay_flush'
AND TABLE_NAME NOT REGEXP '^__(backstay|failed|earlier|replaced)_[0-9]{8}t[0-9]{6}z_';
-- rename:
SELECT CONCAT(', `', REPLACE(name, '`', '``'), '` TO `', @away, '_', LPAD(n, GREATEST(4, LENGTH(n)), '0'), '_', REPLACE(REPLACE(LEFT(name, 58 - CHAR_LENGTH(@away)), ' ', '_'), '`', '``'), '`')
FROM BESIDE_MARKER WHERE what = 'away' ORDER BY n;
SELECT CONCAT(', `', @beside, '_', LPAD(n, GREATEST(4, LENGTH(n)), '0'), '` TO `', REPLACE(name, '`', '``'), '`')
FROM BESIDE_MARKER WHERE what = 'loaded' ORDER BY n;
SELECT CONCAT(', `', @beside, '_marker` TO `', @away, '_marker`');
-- keys:
SELECT CONCAT('ALTER TABLE `', REPLACE(TABLE_NAME, '`', '``'), '` DROP FOREIGN KEY `', REPLACE(CONSTRAINT_NAME, '`', '``'), '`;')
FROM information_schema.REFERENTIAL_CONSTRAINTS
WHERE CONSTRAINT_SCHEMA = @live AND LEFT(TABLE_NAME, CHAR_LENGTH(@away) + 1) = CONCAT(@away, '_')
ORDER BY TABLE_NAME, CONSTRAINT_NAME;
-- prefixes:
SELECT LEFT(TABLE_NAME, CHAR_LENGTH(TABLE_NAME) - 7) FROM information_schema.TABLES
WHERE TABLE_SCHEMA = @live AND TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME REGEXP '^__(backstay|failed|earlier|replaced)_[0-9]{8}t[0-9]{6}z_[0-9a-z_]+_marker$';
-- end:
