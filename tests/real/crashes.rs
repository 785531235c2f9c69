//! Copy, seal, restore and archive killed at their questions to the server, and the server with them: what `postgres_crashes` has
//! not.

use std::{path::PathBuf, process::Command};

use super::{
    cases::proves_all,
    postgres_crashes::{Ground, frail},
    support::{
        Disk, MariaDb, OwnMariaDb, Site,
        mariadb::{Schema, mariadb},
        postgres::postgres,
        scripts::{Asked, Scripts, ScriptsRun},
        servers,
    },
};

/// What both engines have here.
trait Live {
    fn run(&self, number: usize) -> ScriptsRun<'_>;
    fn site(&self) -> &Site;
    fn everything(&self) -> String;
    /// Some megabytes that do not compress.
    fn grow(&self);
    fn migrate(&self);
    /// Nothing of ours is there but what is kept for the post-mortem, and that goes.
    fn sweep(&self, when: &str);

    /// The scripts of the way forward, in order.
    fn forward(&self) -> &'static [&'static str] {
        &["copy", "seal"]
    }

    /// What follows on the way back, once the data are as before.
    fn undo(&self) -> &'static [&'static str] {
        &["discard", "open"]
    }
}

impl Live for Ground {
    fn run(&self, number: usize) -> ScriptsRun<'_> {
        self.run(number)
    }

    fn site(&self) -> &Site {
        &self.scripts.site
    }

    fn everything(&self) -> String {
        self.everything()
    }

    fn grow(&self) {
        self.database.query_as_app(
            "CREATE TABLE logs (t text); INSERT INTO logs SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 300000) n GROUP BY n % 3000",
        );
    }

    fn migrate(&self) {
        self.migrate();
    }

    fn sweep(&self, when: &str) {
        assert_eq!(self.drop_failed(), 0, "{when}");
    }
}

/// A small schema on MariaDB, and the scripts.
struct OnMariaDb {
    scripts: Scripts,
    schema: Schema,
}

impl OnMariaDb {
    fn of(server: &'static MariaDb, more: &str) -> Self {
        let site = Site::empty();
        let schema = server.take_schema(&format!("frail_{}", site.port));
        schema.query_as_app(
            "CREATE TABLE parents (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50)) AUTO_INCREMENT = 40;
             CREATE TABLE children (id INT PRIMARY KEY, parent INT, f FLOAT, FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE);
             INSERT INTO parents SELECT seq, CONCAT('p', seq) FROM seq_1_to_30;
             INSERT INTO children SELECT seq, 1 + seq % 30, SQRT(seq) FROM seq_1_to_300;
             CREATE VIEW named AS SELECT name FROM parents;
             CREATE TRIGGER tr BEFORE INSERT ON parents FOR EACH ROW SET NEW.name = UPPER(NEW.name)",
        );
        let asked = Asked {
            engine: "mysql",
            target: schema.name.clone(),
            account: schema.option_file(),
            programs: PathBuf::from("/usr/bin"),
            counted: &["mariadb", "mariadb-dump"],
            beside: &[],
            pid_file: server.pid_file(),
            crash_by: "-KILL",
            start_again: Box::new(|| {
                server.kill();
                server.start_again();
            }),
        };
        let scripts = Scripts::of(site, &format!("databases: {{ main: {{ engine: mysql{more} }} }}\n"), asked);
        Self { scripts, schema }
    }
}

impl Live for OnMariaDb {
    fn run(&self, number: usize) -> ScriptsRun<'_> {
        self.scripts.run(number)
    }

    fn site(&self) -> &Site {
        &self.scripts.site
    }

    fn everything(&self) -> String {
        self.schema.everything()
    }

    fn grow(&self) {
        self.schema.query("CREATE TABLE logs (t TEXT); INSERT INTO logs SELECT GROUP_CONCAT(MD5(RAND()) SEPARATOR '') FROM seq_1_to_90000 GROUP BY seq % 3000");
    }

    fn migrate(&self) {
        self.schema.query(
            "DROP TABLE children; ALTER TABLE parents ADD phone INT; CREATE TABLE failed (n INT); DROP VIEW named",
        );
    }

    fn sweep(&self, when: &str) {
        for schema in self.schema.beside() {
            assert!(schema.contains("__failed_"), "{when}: {schema} is left");
            self.schema.query(&format!("DROP DATABASE `{schema}`"));
        }
        let ours = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND LEFT(TABLE_NAME, 2) = '__'";
        for table in self.schema.query(ours).lines() {
            assert!(table.starts_with("__failed_"), "{when}: {table} is left");
            self.schema.query(&format!("SET foreign_key_checks = 0; DROP TABLE `{table}`"));
        }
    }
}

/// A file, which has no server.
struct OnSqlite {
    scripts: Scripts,
    file: PathBuf,
}

impl OnSqlite {
    fn new() -> Self {
        let site = Site::empty();
        let file = site.path.join("live.sqlite");
        let asked = Asked {
            engine: "sqlite",
            target: file.display().to_string(),
            account: String::new(),
            programs: PathBuf::from("/usr/bin"),
            counted: &["sqlite3"],
            beside: &[],
            pid_file: PathBuf::new(),
            crash_by: "-KILL",
            start_again: Box::new(|| {}),
        };
        let live = Self { scripts: Scripts::of(site, "databases: { main: { engine: sqlite } }\n", asked), file };
        live.query(
            "PRAGMA user_version = 7; CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
             CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), f REAL);
             WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 300) INSERT INTO children SELECT n, 1 + n % 30, n / 7.0 FROM seq;
             INSERT INTO parents SELECT id, 'p' || id FROM children WHERE id <= 30;
             CREATE VIEW named AS SELECT name FROM parents;
             CREATE TRIGGER tr AFTER INSERT ON parents BEGIN UPDATE parents SET name = upper(name) WHERE id = NEW.id; END",
        );
        live
    }

    #[track_caller]
    fn query(&self, sql: &str) -> String {
        let output = Command::new("sqlite3").arg("-bail").arg(&self.file).arg(sql).output().expect("./dev setup");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Live for OnSqlite {
    fn run(&self, number: usize) -> ScriptsRun<'_> {
        self.scripts.run(number)
    }

    fn site(&self) -> &Site {
        &self.scripts.site
    }

    fn everything(&self) -> String {
        self.query("PRAGMA integrity_check; PRAGMA user_version") + &self.query(".dump")
    }

    fn grow(&self) {
        self.query(
            "CREATE TABLE logs (t TEXT); WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 3000) INSERT INTO logs SELECT hex(randomblob(1000)) FROM seq",
        );
    }

    fn migrate(&self) {
        self.query(
            "DROP TABLE children; ALTER TABLE parents ADD phone INT; CREATE TABLE failed (n INT); DROP VIEW named",
        );
    }

    fn sweep(&self, when: &str) {
        let beside = self.site().list(".").into_iter().filter(|file| file.starts_with("live.sqlite"));
        assert_eq!(beside.collect::<Vec<_>>(), ["live.sqlite"], "{when}");
        for run in self.site().list(".backstay/copies") {
            let folder = format!(".backstay/copies/{run}");
            for file in self.site().list(&folder).into_iter().filter(|file| file != "main") {
                // what the finishing step takes away, at once or by retention
                assert!(["main.sqlite", "main.failed.sqlite"].contains(&file.as_str()), "{when}: {folder}/{file}");
                std::fs::remove_file(self.site().path.join(&folder).join(file)).expect("ours");
            }
        }
    }

    fn forward(&self) -> &'static [&'static str] {
        &["seal"]
    }

    fn undo(&self) -> &'static [&'static str] {
        &["discard"]
    }
}

/// So many of the questions, spread over all of them, or each with `PROVE=all`; `from` makes different ones.
fn some(calls: usize, wanted: usize, from: usize) -> Vec<usize> {
    let step = if proves_all() { 1 } else { calls.div_ceil(wanted) };
    (1 + from % step..=calls).step_by(step).collect()
}

/// The live data are as before, and there is no half archive that the next run does not clear away.
#[track_caller]
fn killed_while_it_archives(live: &dyn Live, when: &str, wanted: usize) {
    let before = live.everything();
    let whole = live.run(1);
    let calls = whole.script("unload");
    assert!(calls > 4, "{calls}");
    let points = some(calls, wanted, 0);
    for &at in &points {
        let case = format!("archive killed {when} question {at} of {calls}");
        let run = live.run(100 + at);
        run.killed("unload", at, when);
        assert!(live.everything() == before, "{case}");
        let faults = run.sh("[ ! -e \"$BACKSTAY_DB_ARCHIVE\" ] || archive_faults \"$BACKSTAY_DB_ARCHIVE\"");
        assert_eq!(faults, "", "{case}: what is called an archive is none");
        assert_eq!(
            run.sh("remove_halves; ls -d \"$BACKSTAY_PATH\"/.backstay/copies/*/*.part* 2>/dev/null || :"),
            "",
            "{case}"
        );
        live.sweep(&case);
    }
    let next = live.run(900);
    next.script("unload");
    for run in [&whole, &next] {
        assert_eq!(run.sh("archive_faults \"$BACKSTAY_DB_ARCHIVE\""), "");
    }
    assert!(live.everything() == before);
}

/// Followed by what the executor does, it is as it was: what was never sealed is left alone, what was sealed comes back.
#[track_caller]
fn killed_on_every_way(live: &dyn Live, when: &str, wanted: usize) {
    let before = live.everything();
    let undo = |run: &ScriptsRun<'_>, case: &str| {
        for script in live.undo() {
            run.script(script);
        }
        live.sweep(case);
        assert!(live.everything() == before, "{case}");
    };
    let first = live.run(1);
    let forward: Vec<_> = live.forward().iter().map(|script| (*script, first.script(script))).collect();
    live.migrate();
    let back = first.script("restore");
    undo(&first, "whole");
    let mut number = 1;
    for (script, calls) in &forward {
        for at in some(*calls, wanted, number) {
            number += 1;
            let (run, case) = (live.run(number), format!("{script} killed {when} question {at} of {calls}"));
            for earlier in live.forward().iter().take_while(|earlier| *earlier != script) {
                run.script(earlier);
            }
            run.killed(script, at, when);
            undo(&run, &case);
        }
    }
    for at in some(back, wanted, number) {
        number += 1;
        let (run, case) = (live.run(number), format!("restore killed {when} question {at} of {back}"));
        for script in live.forward() {
            run.script(script);
        }
        live.migrate();
        run.killed("restore", at, when);
        run.script("restore");
        undo(&run, &case);
    }
}

/// What says that it cleared away has done so.
#[track_caller]
fn unanswered_while_it_clears_away(live: &dyn Live) {
    let before = live.everything();
    let first = live.run(1);
    first.script("copy");
    let calls = first.script("discard");
    let mut failed = 0;
    for at in 1..=calls {
        let run = live.run(1 + at);
        run.script("copy");
        if run.unanswered("discard", at) {
            live.sweep(&format!("question {at} of {calls}"));
        } else {
            failed += 1;
        }
        run.script("discard");
        live.sweep(&format!("after question {at} of {calls}"));
    }
    assert!(failed > 0, "no question mattered");
    assert!(live.everything() == before);
}

/// The archive's disk fills up: nothing is left of it, and with room it is made.
#[track_caller]
fn archived_on_a_full_disk(live: &dyn Live) {
    live.grow();
    let before = live.everything();
    let disk = Disk::over(&live.site().path, 64);
    let run = live.run(1);
    let free_kb = disk.free_kb();
    disk.fill(1_500);
    let said = run.fails("unload");
    assert!(said.contains("full?") || said.contains("No space left"), "{said}");
    assert!(!run.archive().exists(), "{said}");
    disk.empty();
    assert_eq!(run.sh("remove_halves"), "");
    assert!(disk.free_kb() + 1_024 > free_kb, "{} of {free_kb} kB are free", disk.free_kb());
    live.sweep("full");
    assert!(live.everything() == before);
    let next = live.run(2);
    next.script("unload");
    assert_eq!(next.sh("archive_faults \"$BACKSTAY_DB_ARCHIVE\""), "");
}

#[test]
fn an_archive_whose_disk_fills_up_is_none_and_gives_back_its_space() {
    archived_on_a_full_disk(&OnMariaDb::of(mariadb(), ""));
    archived_on_a_full_disk(&Ground::of(postgres(), ""));
}

#[test]
fn an_archive_of_mariadb_killed_at_its_questions_is_whole_or_none() {
    killed_while_it_archives(&OnMariaDb::of(mariadb(), ""), "during", 12);
}

#[test]
fn an_archive_of_postgresql_killed_at_its_questions_is_whole_or_none() {
    killed_while_it_archives(&Ground::of(postgres(), ""), "during", 12);
}

#[test]
fn a_copy_of_a_sqlite_file_killed_at_its_questions_gives_everything_back() {
    killed_on_every_way(&OnSqlite::new(), "during", 8);
    killed_while_it_archives(&OnSqlite::new(), "during", 8);
}

#[test]
fn a_question_without_an_answer_leaves_no_copy_behind_in_silence() {
    unanswered_while_it_clears_away(&OnMariaDb::of(mariadb(), ""));
    unanswered_while_it_clears_away(&Ground::of(postgres(), ""));
}

#[test]
fn a_shadow_on_mariadb_killed_at_its_questions_gives_everything_back() {
    killed_on_every_way(&OnMariaDb::of(mariadb(), ""), "during", 6);
}

#[test]
fn a_dump_on_mariadb_killed_at_its_questions_gives_everything_back() {
    killed_on_every_way(&OnMariaDb::of(mariadb(), ", protect: dump"), "during", 5);
}

#[test]
fn a_dump_on_postgresql_killed_at_its_questions_gives_everything_back() {
    killed_on_every_way(&Ground::of(postgres(), ", protect: dump"), "during", 5);
}

#[test]
fn a_mariadb_that_crashes_with_a_script_changes_nothing_of_that() {
    let own = OwnMariaDb::start(servers().folder.join("mariadb-crashing"));
    killed_while_it_archives(&OnMariaDb::of(own.0, ""), "with-server", 4);
    killed_on_every_way(&OnMariaDb::of(own.0, ""), "with-server", 2);
    killed_on_every_way(&OnMariaDb::of(own.0, ", protect: dump"), "with-server", 2);
}

#[test]
fn a_postgresql_that_crashes_with_an_archive_or_a_dump_changes_nothing_of_that() {
    let (server, _taken) = frail();
    killed_while_it_archives(&Ground::of(server, ""), "with-server", 4);
    killed_on_every_way(&Ground::of(server, ", protect: dump"), "with-server", 2);
}
