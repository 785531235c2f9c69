//! What a database may hold beside the usual, each kind with a migration that dies half-way: it comes back as it was.

use std::{
    io::Write as _,
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
};

use super::{
    mysql::GROWN,
    postgres::assert_same,
    support::{OwnMariaDb, Site, as_user, servers},
};

/// What is rare, and legal.
const ODD: &str = "
    CREATE TABLE `Case` (id INT PRIMARY KEY, t TEXT); INSERT INTO `Case` VALUES (1, 'upper');
    CREATE TABLE `case` (id INT PRIMARY KEY, t TEXT); INSERT INTO `case` VALUES (1, 'lower');
    CREATE TABLE `o'dd ``näme 日本` (`c'ol ``x` INT PRIMARY KEY COMMENT 'it''s 🐚', `select` VARCHAR(10) CHARACTER SET latin1 COLLATE latin1_german1_ci DEFAULT 'ä') COMMENT 'Tisch 🪑';
    INSERT INTO `o'dd ``näme 日本` (`c'ol ``x`) VALUES (1), (2);
    CREATE TABLE texts (a VARCHAR(20) CHARACTER SET sjis PRIMARY KEY, b CHAR(5) CHARACTER SET ucs2, c VARCHAR(10) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin, d VARCHAR(10) COLLATE utf8mb4_unicode_ci) COLLATE utf8mb4_swedish_ci;
    INSERT INTO texts VALUES ('日本', 'é', 'a ', 'Ä'), ('b', NULL, 'a', 'a');
    CREATE TABLE fleeting (id INT PRIMARY KEY, t VARCHAR(10)) ENGINE = MEMORY; INSERT INTO fleeting VALUES (1, 'x');
    CREATE TABLE crash_safe (id INT PRIMARY KEY, t TEXT) ENGINE = Aria; INSERT INTO crash_safe VALUES (1, 'x');
    CREATE TABLE parted (id INT, y INT, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
    INSERT INTO parted VALUES (1, 2019), (1, 2026);
    CREATE TABLE hen (id INT PRIMARY KEY, egg INT); CREATE TABLE egg (id INT PRIMARY KEY, hen INT, CONSTRAINT of_hen FOREIGN KEY (hen) REFERENCES hen (id) ON UPDATE CASCADE);
    ALTER TABLE hen ADD CONSTRAINT of_egg FOREIGN KEY (egg) REFERENCES egg (id) ON DELETE SET NULL; INSERT INTO hen VALUES (1, NULL); INSERT INTO egg VALUES (1, 1); UPDATE hen SET egg = 1;
    CREATE TABLE wide (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT); INSERT INTO wide VALUES (1, REPEAT(UNHEX('00FF0D0A27'), 8000000), REPEAT('ä🐚', 2000000));
    CREATE TABLE nothing_unique (a INT, b VARCHAR(10), KEY (a)); INSERT INTO nothing_unique VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
    CREATE SEQUENCE untouched START 9; CREATE EVENT idle ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM log;
    SET sql_mode = 'ANSI_QUOTES'; CREATE TRIGGER in_ansi BEFORE INSERT ON \"case\" FOR EACH ROW SET NEW.t = CONCAT(NEW.t, 'x');
    SET sql_mode = 'PIPES_AS_CONCAT'; CREATE VIEW joined AS SELECT t || '!' AS t FROM `case`";

#[test]
fn what_is_rare_comes_back_on_mariadb_and_on_its_replica() {
    let folder = |name: &str| servers().folder.join(format!("mariadb-{name}"));
    let (primary, replica) = (OwnMariaDb::start(folder("primary")), OwnMariaDb::start(folder("replica")));
    replica.0.follow(primary.0);
    let site = Site::on(primary.0);
    site.schema().query_as_app(&format!("{GROWN}; {ODD}"));
    let before = site.data();
    site.deploy_of(&["wild"], "2222222", &[]).is(10);
    assert_same(&site.data(), &before, "after the rollback");
    // who reads the binary log sees ordinary statements
    replica.0.catch_up(primary.0);
    let there = site.schema().on(replica.0);
    // where the events sleep, as on every replica
    let on_primary =
        before.replace("\tENABLED\t", "\tSLAVESIDE_DISABLED\t").replace("\tDISABLED\t", "\tSLAVESIDE_DISABLED\t");
    assert_same(&there.everything(), &on_primary, "on the replica");
    assert_eq!(there.beside(), site.schema().beside());
}

#[test]
fn what_is_rare_comes_back_in_a_sqlite_file_that_somebody_reads() {
    let site = Site::with_first();
    let file = site.path.join("shared/storage/app/shop.sqlite");
    as_user(&format!(
        "sqlite3 {} \"PRAGMA journal_mode = wal; PRAGMA user_version = 7; PRAGMA application_id = 77; \
         CREATE VIRTUAL TABLE found USING fts5(body); INSERT INTO found VALUES ('a 🐚 on the shore'), ('nothing'); \
         CREATE TABLE codes (code TEXT PRIMARY KEY, n INT) WITHOUT ROWID; INSERT INTO codes VALUES ('b', 1), ('a', 2); \
         CREATE TABLE strict_ones (a ANY, b INT) STRICT; INSERT INTO strict_ones VALUES (x'00', 1), ('0', 2)\"",
        file.display()
    ));
    let (before, inode) = (site.data(), std::fs::metadata(&file).expect("there").ino());
    // in the middle of a transaction, as a report that somebody has open
    let mut reader =
        Command::new("sqlite3").arg(&file).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("installed");
    reader.stdin.as_mut().expect("open").write_all(b"BEGIN; SELECT * FROM orders;\n").expect("it reads");
    site.deploy_of(&["bad"], "2222222", &[]).is(10);
    assert_same(&site.data(), &before, "after the rollback");
    drop(reader.stdin.take());
    assert!(reader.wait().expect("ours").success());
    let is_found = as_user(&format!(
        "sqlite3 {} \"PRAGMA journal_mode; SELECT body FROM found WHERE found MATCH 'shore'\"",
        file.display()
    ));
    assert_eq!(is_found, "wal\na 🐚 on the shore\n");
    assert_eq!(std::fs::metadata(&file).expect("there").ino(), inode);
    assert_same(&site.data(), &before, "after the rollback");
}
