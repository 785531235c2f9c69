//! MariaDB where no copy beside the live tables is allowed or has room: everything is written out in maintenance, and loaded beside and
//! swapped in on the way back. And its archives, out and back.

use std::{fs, path::PathBuf, process::Command};

use serde_json::json;

use super::{
    mysql::GROWN,
    postgres::assert_same,
    support::{Finished, OwnMariaDb, Running, Site, eventually, servers, servers::text},
};

/// What is wrong by a digit or a byte in most dumps.
const EXACT: &str = "
    CREATE TABLE exact (f FLOAT, d DOUBLE, bits BIT(64), s SET('a','b','c'), u VARCHAR(9) CHARACTER SET ucs2, l CHAR(9) CHARACTER SET latin1, y YEAR, i INET6,
        bin BINARY(3) DEFAULT 0xff0027, ask VARCHAR(9) DEFAULT '?', t TEXT) DEFAULT CHARSET latin1;
    INSERT INTO exact (f, d, bits, s, u, l, y, i, t) VALUES (16777216, -1.7976931348623157e308, 18446744073709551615, 'a,c', 'äλ', 'ü''\\\\', 0, '::1', 'NULL'),
        (1.17549435e-38, 5e-324, 0, '', '', '', 1999, NULL, ''), (3.402823466e38, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    CREATE TABLE `we``ird \"name` (`a b,c` INT PRIMARY KEY, `ü''` VARCHAR(3) COMMENT 'tab\\t, line\\n, \\\\ and ''') COMMENT 'it''s'; INSERT INTO `we``ird \"name` VALUES (1, '''');
    CREATE TABLE `schema` (id INT PRIMARY KEY); CREATE TABLE days (id INT PRIMARY KEY, d DATE) PARTITION BY HASH (id) PARTITIONS 3;
    INSERT INTO days SELECT seq, NULL FROM seq_1_to_100";

/// A row of 40 MB, with the bytes that statements break at.
const LARGE: &str = "CREATE TABLE large (id INT PRIMARY KEY, b LONGBLOB); INSERT INTO large VALUES (1, RANDOM_BYTES(1000)), (2, CONCAT('\\0', REPEAT(RANDOM_BYTES(1000), 40000), CHAR(13), CHAR(10)))";

/// A site whose account has rights on its own schema alone, with what a shop has.
fn poor_site() -> Site {
    let site = Site::with_mariadb();
    site.schema().deny_copies();
    site.schema().query_as_app(GROWN);
    site
}

const FORGET_FAILED: &str = "databases: { main: { keep_failed: 0s } }\n";

#[test]
fn an_account_with_rights_on_its_schema_alone_gets_every_object_back() {
    let site = poor_site();
    site.schema().query_as_app(EXACT);
    site.configure(FORGET_FAILED);
    let plan = site.backstay(&["plan", "--probe"]).is(0);
    plan.says("dump: every table is written out in maintenance").says("lacks SELECT").says("GRANT ALL PRIVILEGES ON");
    plan.says("are read and written out");
    let before = site.data();
    for variants in [&["bad"][..], &["wild"]] {
        let outcome = site.deploy_of(variants, "2222222", &[]).is(10).outcome();
        let said = ["outcome", "data", "proof", "fence", "maintenance"].map(|key| outcome[key].clone());
        assert_eq!(json!(said), json!(["rolled-back", "restored", "exclusion", "cooperative", false]));
        assert!(site.data() == before, "{variants:?}: the data came back otherwise");
    }
    // what was sealed before the commit is brought back by the same account, and then by one that may have a copy
    for may_copy in [false, true] {
        site.deploy_of(&["good"], "3333333", &[]).is(0);
        site.schema().query("INSERT INTO log VALUES ('written after the commit')");
        if may_copy {
            site.schema().allow_copies();
        }
        let outcome = site.backstay(&["rollback", "--json", "--discard-writes"]).is(0).outcome();
        assert_eq!(outcome["data"], json!("restored"));
        assert!(site.data() == before, "may copy {may_copy}: the data came back otherwise");
    }
}

#[test]
fn the_failed_tables_stay_for_the_post_mortem_and_in_nobodys_way() {
    let site = poor_site();
    site.deploy_of(&["wild"], "2222222", &[]).is(10).says("the failed state is kept as tables __failed_");
    let kept = site.schema().query("SHOW TABLES LIKE '\\_\\_failed\\_%'");
    assert!(kept.contains("_orders_new\n") && kept.contains("_marker\n") && !kept.contains("__backstay_"), "{kept}");
    let before = site.data();
    site.configure("databases: { main: { protect: dump } }\n");
    site.deploy_of(&["bad"], "3333333", &[]).is(10);
    let newer = site.schema().query("SHOW TABLES LIKE '\\_\\_failed\\_%'");
    assert!(newer.starts_with(&kept) && newer.len() > kept.len(), "{kept} {newer}");
    // the older ones and all else are as they were
    for table in newer.lines().filter(|table| !kept.contains(*table)) {
        site.schema().query(&format!("DROP TABLE `{table}`"));
    }
    assert!(site.data() == before, "what the earlier failure had left was moved");
}

/// A dump that can be caught at work.
fn slow_site() -> Site {
    let site = poor_site();
    site.schema().query_as_app(
        "CREATE TABLE logs (id INT PRIMARY KEY AUTO_INCREMENT, text TEXT); INSERT INTO logs SELECT seq, REPEAT(MD5(seq), 9) FROM seq_1_to_150000",
    );
    site.configure(&format!("{FORGET_FAILED}{}", site.pause("after-migrate")));
    site
}

/// Runner and executor die once `is_reached`; `settle` brings the run to its end.
#[track_caller]
fn dies_when(site: &Site, run: Running, before: &str, what: &str, is_reached: impl FnMut() -> bool) {
    eventually(what, is_reached);
    site.kill_both(run);
    let journal = site.journals().pop().expect("it has begun");
    assert!(!journal.contains(" restored #") && !journal.contains(" ended "), "{what} was met too late: {journal}");
    // asked for by somebody, or by nobody
    let code = if journal.contains(" undo ") { 11 } else { 10 };
    let outcome = site.backstay(&["settle", "--json"]).is(code).outcome();
    assert_eq!(outcome["maintenance"], json!(false), "{what}");
    assert!(site.data() == before, "{what}: the data came back otherwise");
}

#[test]
fn killed_while_it_writes_out_loads_or_has_just_swapped_it_ends_with_the_data_from_before() {
    let site = slow_site();
    let before = site.data();
    let run = site.start_deploy(&["good"], "2222222", &[]);
    dies_when(&site, run, &before, "it writes out", || site.schema().works_on("IF(`id` IS NULL"));
    let rolling_back = || {
        site.forget_pause("after-migrate");
        let run = site.start_deploy(&["good"], "3333333", &[]);
        site.await_pause("after-migrate");
        run.signal("-INT");
        run
    };
    dies_when(&site, rolling_back(), &before, "it loads", || site.schema().works_on("INSERT INTO `\\_\\_backstay"));
    let has_swapped = || !site.schema().query("SHOW TABLES LIKE '\\_\\_failed\\_%\\_marker'").is_empty();
    dies_when(&site, rolling_back(), &before, "it has swapped", has_swapped);
}

#[test]
fn what_cannot_be_read_back_whole_overwrites_nothing() {
    let site = poor_site();
    let before = site.data();
    site.configure(&format!("{FORGET_FAILED}{}", site.pause("after-migrate")));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    let newest = site.list(".backstay/runs").pop().expect("it runs");
    let folder = site.path.join(".backstay/runs").join(newest).join("state/db-main/archive");
    let modes = fs::metadata(&folder).map(|folder| std::os::unix::fs::PermissionsExt::mode(&folder.permissions()));
    assert_eq!(modes.expect("it is there") & 0o777, 0o700);
    let file = fs::read_dir(&folder)
        .expect("ours")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("0001.")));
    let file = file.expect("a table");
    let whole = fs::read(&file).expect("ours");
    fs::write(&file, &whole[..whole.len() - 1]).expect("ours");
    run.signal("-INT");
    run.wait().is(20).says("is truncated").says("nothing was overwritten");
    assert!(site.data().contains("phone"), "the failed state was touched");
    fs::write(&file, &whole).expect("ours");
    site.backstay(&["settle", "--retry", "--json"]).is(11);
    assert!(site.data() == before, "the data came back otherwise");
}

#[test]
fn a_server_without_room_to_load_into_is_stuck_with_nothing_overwritten() {
    let (own, disk) = OwnMariaDb::on_disk(servers().folder.join("mariadb-no-room"), 300);
    let site = Site::on(own.0);
    site.schema().deny_copies();
    site.schema().query(
        "CREATE TABLE logs (id INT PRIMARY KEY AUTO_INCREMENT, text TEXT); INSERT INTO logs SELECT seq, REPEAT(MD5(RAND()), 30) FROM seq_1_to_30000",
    );
    let before = site.data();
    site.configure(&format!("{FORGET_FAILED}{}", site.pause("after-migrate")));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    disk.fill(8192);
    run.signal("-INT");
    run.wait().is(20).says("could not be restored").says("stopped before it is full");
    assert!(own.0.answers(), "the server has aborted");
    assert!(site.data().contains("phone"), "the failed state was touched");
    assert_eq!(site.schema().query("SHOW TABLES LIKE '\\_\\_%'"), "", "what was half loaded is left");
    disk.empty();
    site.backstay(&["settle", "--retry", "--json"]).is(11);
    assert!(site.data() == before, "the data came back otherwise");
}

/// The engine's scripts as a run has them, without an executor.
struct Scripts<'a> {
    site: &'a Site,
    folder: PathBuf,
    archive: PathBuf,
    state: PathBuf,
}

impl<'a> Scripts<'a> {
    const RUN: &'static str = "20261125T000000Z-0000000";

    fn of(site: &'a Site) -> Self {
        site.configure("databases: { main: { engine: mysql } }\n");
        let folder = site.runner.join("scripts");
        site.backstay(&["plan", "--scripts", &text(&folder)]).is(0);
        fs::create_dir_all(folder.join("secrets")).expect("ours");
        fs::write(folder.join("secrets/main.cnf"), site.schema().option_file()).expect("ours");
        let state = site.path.join(".backstay/runs").join(Self::RUN).join("state/db-main");
        fs::create_dir_all(&state).expect("ours");
        Self { site, folder, archive: site.path.join(".backstay/copies").join(Self::RUN).join("main"), state }
    }

    fn run(&self, name: &str) -> Finished {
        let engine = self.folder.join("databases/main/mysql");
        let output = Command::new("sh")
            .arg(engine.join(name))
            .envs([
                ("BACKSTAY_RUN", Self::RUN),
                ("BACKSTAY_DB", "main"),
                ("RESTORED_FROM", "an archive"),
                ("BACKSTAY_DIRECTION", "committed"),
            ])
            .envs([("BACKSTAY_DB_TARGET", &self.site.schema().name), ("BACKSTAY_DB_SOURCE", &self.site.schema().name)])
            .envs([("BACKSTAY_DIR", &self.folder), ("BACKSTAY_PATH", &self.site.path), ("BACKSTAY_DB_DIR", &engine)])
            .envs([
                ("BACKSTAY_SECRETS", self.folder.join("secrets")),
                ("BACKSTAY_DB_CNF", self.folder.join("secrets/main.cnf")),
            ])
            .envs([("BACKSTAY_DB_STATE", &self.state), ("BACKSTAY_DB_ARCHIVE", &self.archive)])
            .env("BACKSTAY_DB_EARLIER", self.state.join("loaded"))
            .output();
        Finished::of(&output.expect("sh runs"))
    }
}

#[test]
fn an_archive_of_the_live_schema_is_one_state_of_it_and_comes_back_to_the_last_bit() {
    let site = Site::with_mariadb();
    site.schema().query_as_app(GROWN);
    site.schema().query_as_app(EXACT);
    site.schema().query_as_app(LARGE);
    site.schema().query_as_app("CREATE TABLE one (n INT PRIMARY KEY); CREATE TABLE two (n INT PRIMARY KEY)");
    let scripts = Scripts::of(&site);
    // two rows that belong together, all the time
    let writer = site.schema().start_as_app(
        "delimiter //
         BEGIN NOT ATOMIC
            FOR i IN 1 .. 100000000 DO START TRANSACTION; INSERT INTO one VALUES (i); INSERT INTO two VALUES (i); COMMIT; END FOR;
         END//",
    );
    eventually("it writes", || site.schema().query("SELECT COUNT(*) FROM two").trim() != "0");
    scripts.run("unload").is(0);
    drop(writer);
    site.schema().end_statements("KILL", "");
    eventually("the writer has stopped", || !site.schema().works_on(""));
    let manifest = fs::read_to_string(scripts.archive.join("manifest")).expect("ours");
    let rows = |table: &str| {
        let is_it = |line: &&str| line.starts_with(&format!("object\ttable\t{table}\t"));
        manifest.lines().find(is_it).and_then(|line| line.rsplit('\t').next()).map(str::to_owned)
    };
    assert!(rows("one").is_some_and(|rows| rows != "0") && rows("one") == rows("two"), "{manifest}");
    site.schema().query("DELETE FROM one WHERE n > (SELECT 0); DELETE FROM two");
    fs::remove_dir_all(&scripts.archive).expect("ours");
    scripts.run("unload").is(0);
    let before = site.data();
    site.schema().query_as_app("SET foreign_key_checks = 0; DROP TABLE exact, large, orders; UPDATE parts SET w = 1, d = 2; DROP VIEW heavy; TRUNCATE zero");
    scripts.run("load").is(0);
    scripts.run("restore-of").is(0);
    assert_same(&site.data(), &before, "out of the archive");
    // a row that no statement could bring back is not written as if it could
    site.schema().query("INSERT INTO large VALUES (3, REPEAT('x', 60000000))");
    fs::remove_dir_all(&scripts.archive).expect("ours");
    scripts.run("unload").is(1).says("table large").says("longer than max_allowed_packet");
    assert!(!scripts.archive.exists(), "half an archive is left");
}
