//! Deploys on MariaDB: shadow and swap.

use serde_json::json;

use super::support::{Site, eventually};

/// What a shop grows over the years, and a dump would get wrong.
pub const GROWN: &str = "
    CREATE TABLE tree (id INT PRIMARY KEY AUTO_INCREMENT, parent INT, label VARCHAR(20) DEFAULT 'Baum 🌳', FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE CASCADE) AUTO_INCREMENT = 70;
    INSERT INTO tree (parent) VALUES (NULL), (70), (70);
    CREATE TABLE parts (order_id BIGINT UNSIGNED NOT NULL, n INT NOT NULL, w FLOAT, d DOUBLE, b BLOB, g GEOMETRY, e ENUM('a','b'), s SET('x','y'), bits BIT(5), j JSON,
        at TIMESTAMP(6) NULL, total DECIMAL(20,6), twice INT AS (n * 2) STORED, thrice INT AS (n * 3), hidden INT INVISIBLE DEFAULT 7, PRIMARY KEY (order_id, n), CONSTRAINT of_order FOREIGN KEY (order_id) REFERENCES orders (id), CHECK (n > 0));
    INSERT INTO parts (order_id, n, w, d, b, g, e, s, bits, j, at, total) SELECT id, 1, 16777216 + id, 0.1 + id, CONCAT('a\\0b', CHAR(13), CHAR(10), id), ST_GeomFromText('POINT(1 2)'), 'b', 'x,y', 5, '{\"k\": 1}', '2026-01-01 00:00:00.000001', 1.000001 FROM orders;
    CREATE TABLE notes (t TEXT, f FLOAT) ENGINE = MyISAM; INSERT INTO notes VALUES ('one', 1.1), ('one', 1.1), ('One ', 1.1), (NULL, NULL);
    SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'; CREATE TABLE zero (id INT PRIMARY KEY AUTO_INCREMENT, day DATE); INSERT INTO zero VALUES (0, '0000-00-00'), (5, '2026-02-31');
    CREATE SEQUENCE numbers START 5 INCREMENT 3; SELECT NEXTVAL(numbers);
    CREATE VIEW heavy AS SELECT id, name FROM customers WHERE weight > 16777220; SET character_set_client = latin1, collation_connection = latin1_german1_ci; CREATE VIEW heavier AS SELECT id, name, 'Größe 🐚' AS about FROM heavy WHERE id > 10; SET NAMES utf8mb4;
    CREATE TABLE gone (id INT); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone;
    CREATE TABLE log (what VARCHAR(100));
    CREATE TRIGGER first_log AFTER UPDATE ON customers FOR EACH ROW INSERT INTO log VALUES (CONCAT('1 ', NEW.name)); CREATE TRIGGER second_log AFTER UPDATE ON customers FOR EACH ROW INSERT INTO log VALUES ('2; 🐚');
    CREATE PROCEDURE count_orders() SELECT COUNT(*) FROM orders; CREATE FUNCTION plus_one(n INT) RETURNS INT DETERMINISTIC RETURN n + 1;
    CREATE EVENT sweep ON SCHEDULE EVERY 1 DAY DO DELETE FROM log";

#[test]
fn a_good_migration_commits_on_mariadb() {
    let site = Site::with_mariadb();
    site.schema().query_as_app(GROWN);
    let watch = site.watch();
    let run = site.deploy_of(&["good"], "2222222", &[]).is(0);
    let seen = watch.end();
    assert!(seen.contains(&503) && !seen.iter().any(|status| !matches!(status, 200 | 503)), "{seen:?}");
    let outcome = run.outcome();
    let said = ["outcome", "data", "proof", "fence", "maintenance"].map(|key| outcome[key].clone());
    assert_eq!(json!(said), json!(["committed", "migrated", "exact", "cooperative", false]));
    assert!(site.data().contains("phone"));
    // the copy of this run is kept, and nothing else
    assert_eq!(site.schema().beside().len(), 1, "{:?}", site.schema().beside());
    site.schema().query("DELETE FROM parts; DROP TRIGGER first_log");
    let stored = site.path.join("shared/storage/go-on");
    std::fs::write(stored, "").expect("ours");
    site.deploy_of(&["good", "slow"], "3333333", &[]).is(0);
    assert_eq!(site.schema().beside().len(), 1, "{:?}", site.schema().beside());
}

#[test]
fn a_migration_that_dies_half_way_gives_back_every_object_on_mariadb() {
    // its own first deploy, whose copy is kept as well
    let site = Site::new_on_mariadb();
    site.deploy("1111111", &[]).is(0);
    site.schema().query_as_app(GROWN);
    let before = site.data();
    for variants in [&["bad"][..], &["wild"]] {
        let outcome = site.deploy_of(variants, "2222222", &[]).is(10).outcome();
        let said = ["outcome", "data", "proof", "failed_step", "maintenance"].map(|key| outcome[key].clone());
        assert_eq!(json!(said), json!(["rolled-back", "restored", "exact", "migrate", false]));
        assert_eq!(site.data(), before, "{variants:?}");
        assert!(site.get("/").1.contains("1111111"));
    }
    // what failed is kept for the post-mortem, and the copy of the run that committed
    let beside = site.schema().beside();
    let count = |what: &str| beside.iter().filter(|name| name.contains(what)).count();
    assert_eq!((count("__failed_"), count("__backstay_"), beside.len()), (2, 1, 3), "{beside:?}");
    site.deploy_of(&["good"], "3333333", &[]).is(0);
}

#[test]
fn what_changes_between_copy_and_maintenance_is_part_of_the_data_before() {
    let site = Site::with_mariadb();
    site.schema().query_as_app(GROWN);
    site.configure(&site.pause("before-workers-stop"));
    let run = site.start_deploy(&["bad"], "2222222", &[]);
    site.await_pause("before-workers-stop");
    // each of them escapes CHECKSUM TABLE or a count: a moved boundary, two rows that swap a value, a case, a trailing blank
    site.schema().query(
        "UPDATE customers SET name = 'swapped' WHERE id = 1; UPDATE customers c JOIN customers d ON d.id = 5 - c.id SET c.weight = d.weight + 1000 * c.id WHERE c.id IN (2, 3);
         UPDATE orders SET note = CONCAT(note, ' ') WHERE id = 3; UPDATE parts SET e = 'a', b = 'A' WHERE n = 1 AND order_id = 4; DELETE FROM parts WHERE order_id = 5;
         INSERT INTO notes VALUES ('one', 1.1); DELETE FROM tree WHERE id = 72; INSERT INTO tree (parent) VALUES (71); SELECT NEXTVAL(numbers), NEXTVAL(numbers); DELETE FROM log",
    );
    let before = site.data();
    site.go_on("before-workers-stop");
    let run = run.wait().is(10);
    run.says("copied again");
    assert_eq!(site.data(), before);
}

/// Of one table the key is a number, of the others texts, bytes and a time that many rows have; each is divided by it.
const LARGE: &str = "
    CREATE TABLE tokens (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, token CHAR(32) NOT NULL UNIQUE, n INT NOT NULL) ENGINE = InnoDB;
    INSERT INTO tokens (token, n) SELECT MD5(seq), seq FROM seq_1_to_70000;
    CREATE TABLE `by ``name'?` (`l'id?` VARCHAR(60) CHARACTER SET latin1 COLLATE latin1_german2_ci PRIMARY KEY, n INT);
    INSERT INTO `by ``name'?` SELECT CONCAT(MD5(seq), 'ß\\\\''', seq), seq FROM seq_1_to_60000;
    CREATE TABLE by_bytes (id BINARY(16) PRIMARY KEY, n INT); INSERT INTO by_bytes SELECT UNHEX(MD5(seq)), seq FROM seq_1_to_60000;
    CREATE TABLE by_time (at TIMESTAMP(3) NOT NULL DEFAULT '2020-01-01', n INT, PRIMARY KEY (at, n)); INSERT INTO by_time SELECT '2020-01-01' + INTERVAL seq DIV 15000 DAY, seq FROM seq_1_to_90000;
    ANALYZE TABLE tokens, `by ``name'?`, by_bytes, by_time; CREATE TABLE goes_on (id INT); INSERT INTO goes_on VALUES (1); CREATE TABLE slowest (micros INT, writes INT)";

#[test]
fn a_large_table_is_copied_in_pieces_while_the_site_writes_and_waits_for_nothing() {
    let site = Site::with_mariadb();
    site.schema().query_as_app(LARGE);
    site.configure(&format!(
        "databases: {{ main: {{ copy: {{ sessions: 3, pause: 0.1 }} }} }}\n{}",
        site.pause("before-workers-stop")
    ));
    // a token moves from a row that may have been copied to one that will be: the copy meets it twice
    let writer = site.schema().start_as_app(
        "delimiter //
         BEGIN NOT ATOMIC
            SET @worst = 0, @writes = 0;
            WHILE EXISTS (SELECT 1 FROM goes_on) DO
                SELECT id, token INTO @id, @token FROM tokens WHERE id > RAND() * 60000 LIMIT 1;
                SET @began = SYSDATE(6);
                DELETE FROM tokens WHERE id = @id;
                INSERT INTO tokens (token, n) VALUES (@token, 0);
                UPDATE tokens SET n = n + 1 WHERE id = @id + 7;
                SET @worst = GREATEST(@worst, TIMESTAMPDIFF(MICROSECOND, @began, SYSDATE(6))), @writes = @writes + 3;
            END WHILE;
            INSERT INTO slowest VALUES (@worst, @writes);
         END//",
    );
    let run = site.start_deploy(&["bad"], "2222222", &[]);
    site.await_pause("before-workers-stop");
    let schema = site.schema();
    let pieces = "SELECT of_table, COUNT(*) FROM backstay_marker WHERE n IS NOT NULL GROUP BY 1 HAVING COUNT(*) > 2";
    assert_eq!(schema.query_beside(pieces).lines().count(), 4, "each is divided");
    schema.query("DELETE FROM goes_on");
    eventually("the writer has stopped", || !schema.works_on(""));
    drop(writer);
    let slowest = schema.query("SELECT micros, writes FROM slowest");
    let slowest: Vec<u64> = slowest.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [micros, writes] = slowest[..] else { panic!("a write has failed") };
    println!("of {writes} writes while the tables were copied the slowest three took {} ms", micros / 1000);
    // one that meets a lock waits for a whole piece, or for the server's limit of 50 s
    assert!(writes > 100 && micros < 20_000_000, "{micros} µs, {writes}");
    assert!(schema.query("SELECT COUNT(*) FROM tokens WHERE id > 70000").trim() != "0", "nothing was written");
    schema.query(
        "UPDATE by_bytes SET n = -1 WHERE n = 59999; DELETE FROM by_time WHERE n = 89999; UPDATE `by ``name'?` SET n = 0 LIMIT 1",
    );
    let before = site.data();
    site.go_on("before-workers-stop");
    run.wait().is(10).says("6 of them copied again");
    assert!(site.data() == before, "the rows of a large table came back otherwise");
}

#[test]
fn without_the_privilege_the_grant_is_printed() {
    let site = Site::with_mariadb();
    let schema = site.schema();
    let escaped = schema.name.replace('_', "\\_");
    schema.deny_copies();
    site.configure("databases: { main: { protect: shadow } }\n");
    let before = site.data();
    let run = site.deploy_of(&["good"], "2222222", &[]).is(3);
    let grant = format!("GRANT ALL PRIVILEGES ON `{escaped}\\\\_\\\\_%`.* TO {}", schema.account());
    assert!(
        run.stdout.contains(&grant.replace("\\_", "\\\\_").replace("\\\\\\\\", "\\\\"))
            || run.stdout.contains("GRANT ALL PRIVILEGES ON"),
        "{}",
        run.stdout
    );
    assert_eq!(site.data(), before);
    assert_eq!(site.live_revision().as_deref(), Some("1111111"));
    let plan = site.backstay(&["plan", "--probe"]).is(3);
    // word for word: what it says is what helps
    let said =
        plan.stdout.lines().find_map(|line| line.split_once("GRANT ALL").map(|(_, rest)| format!("GRANT ALL{rest}")));
    schema.query(&said.expect("a GRANT").replace("\\\\", "\\"));
    site.deploy_of(&["good"], "2222222", &[]).is(0);
}

#[test]
fn a_rollback_after_the_commit_brings_back_the_data_on_mariadb() {
    let site = Site::with_mariadb();
    site.schema().query_as_app(GROWN);
    let before = site.data();
    let deployed = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    site.backstay(&["rollback", "--json"]).is(2).says("--discard-writes");
    site.schema().query("INSERT INTO log VALUES ('written after the commit')");
    let outcome = site.backstay(&["rollback", "--json", "--discard-writes"]).is(0).outcome();
    assert_eq!(outcome["outcome"], "committed");
    assert_eq!(site.data(), before);
    // the copy is the live data now: it cannot be brought back a second time, and that is known beforehand
    site.deploy("3333333", &[]).is(0);
    let run = deployed["run"].as_str().expect("a run");
    site.backstay(&["rollback", "--undo", run, "--discard-writes"]).is(3).says("keep_copies");
}

#[test]
fn an_object_of_somebody_else_needs_an_administrator() {
    let site = Site::with_mariadb();
    site.schema().query("CREATE TRIGGER of_root BEFORE UPDATE ON orders FOR EACH ROW SET NEW.note = NEW.note");
    site.deploy_of(&["good"], "2222222", &[]).is(3).says("trigger of_root belongs to root@localhost").says("admin");
    let option_file = site.schema().admin_file(&site.marks);
    site.configure(&format!("databases: {{ main: {{ admin: {option_file} }} }}\n"));
    let before = site.data();
    let outcome = site.deploy_of(&["bad"], "2222222", &[]).is(10).outcome();
    assert_eq!((&outcome["data"], &outcome["fence"]), (&json!("restored"), &json!("exclusive")));
    assert_eq!(site.data(), before);
    assert_eq!(site.get("/").0, 200, "the account is let in again");
    let outcome = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    assert_eq!(outcome["fence"], json!("exclusive"));
    assert_eq!(site.get("/").0, 200);
}

#[test]
fn a_session_that_holds_on_to_the_data_is_ended_before_the_swap() {
    let site = Site::with_mariadb();
    let before = site.data();
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    // a statement of the app's that goes on when its client is long gone
    let stuck = site.schema().start_as_app("SELECT * FROM customers FOR UPDATE; DELETE FROM orders WHERE SLEEP(1000)");
    eventually("it runs", || site.schema().works_on("SLEEP"));
    run.signal("-INT");
    run.wait().is(11);
    drop(stuck);
    assert_eq!(site.data(), before);
}

#[test]
fn a_first_deploy_on_an_empty_schema_leaves_it_empty_when_it_fails() {
    let site = Site::new_on_mariadb();
    let before = site.data();
    let outcome = site.deploy_of(&["bad"], "1111111", &[]).is(10).outcome();
    assert_eq!((&outcome["release"], &outcome["data"]), (&json!(null), &json!("restored")));
    assert_eq!(site.data(), before);
    assert_eq!(site.list("releases").len(), 0);
    let outcome = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    assert_eq!(outcome["data"], "migrated");
    assert!(site.get("/").1.contains("2222222"));
}
