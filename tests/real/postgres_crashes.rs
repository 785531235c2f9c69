//! The scripts of the PostgreSQL engine, killed at each of their questions to the server, and the server with them.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use super::support::{
    Site, eventually,
    postgres::{Database, PostgreSql, postgres, program, quoted},
    scripts::{Asked, Scripts, ScriptsRun},
};

/// A server that one test at a time may crash or lock.
pub(super) fn frail() -> (&'static PostgreSql, MutexGuard<'static, ()>) {
    static SERVER: OnceLock<PostgreSql> = OnceLock::new();
    static TAKEN: Mutex<()> = Mutex::new(());
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    (SERVER.get_or_init(|| PostgreSql::start("postgres-frail")), taken)
}

/// The scripts, and the database that they work on.
pub(super) struct Ground {
    pub(super) scripts: Scripts,
    pub(super) database: Database,
}

impl Ground {
    fn new(server: &'static PostgreSql) -> Self {
        Self::of(server, "")
    }

    /// With more of the database's configuration.
    pub(super) fn of(server: &'static PostgreSql, more: &str) -> Self {
        let site = Site::empty();
        let database =
            server.take_database_of(&format!("Shop \"{}\" it's \\", site.port), &format!("shop_{}", site.port));
        database.query_as_app("CREATE TABLE orders (n int); INSERT INTO orders SELECT generate_series(1, 1000)");
        database.query(&format!(
            "ALTER DATABASE {0} SET work_mem = '5MB'; COMMENT ON DATABASE {0} IS 'live'",
            quoted(&database.name)
        ));
        // these servers lose what nobody has made them keep
        server.query("postgres", "CHECKPOINT");
        let asked = Asked {
            engine: "postgres",
            target: database.name.clone(),
            account: database.service(),
            programs: PathBuf::from(program("psql")).parent().expect("a folder").to_owned(),
            counted: &["psql"],
            beside: &["pg_dump", "pg_restore"],
            pid_file: server.pid_file(),
            crash_by: "-QUIT",
            start_again: Box::new(|| server.start_again()),
        };
        let scripts = Scripts::of(site, &format!("databases: {{ main: {{ engine: postgres{more} }} }}\n"), asked);
        Self { scripts, database }
    }

    pub(super) fn run(&self, number: usize) -> ScriptsRun<'_> {
        self.scripts.run(number)
    }

    /// Rows, what is kept outside of the database, and whether the app gets in.
    pub(super) fn everything(&self) -> String {
        self.database.query_as_app("SELECT string_agg(n::text, ' ' ORDER BY n) FROM orders")
            + &self.database.query(
                "SELECT to_jsonb(d) - 'oid' - 'datfrozenxid', shobj_description(oid, 'pg_database'), setconfig FROM pg_database d
                 LEFT JOIN pg_db_role_setting ON setdatabase = d.oid WHERE datname = current_database();
                 SELECT relname FROM pg_class WHERE oid >= 16384 ORDER BY 1",
            )
    }

    pub(super) fn migrate(&self) {
        self.database.query_as_app(&format!(
            "DROP TABLE IF EXISTS orders; CREATE TABLE failed (n int); ALTER DATABASE {} SET work_mem = '9MB'",
            quoted(&self.database.name)
        ));
    }

    /// Drops what is kept for the post-mortem; answers how much that was.
    pub(super) fn drop_failed(&self) -> usize {
        let failed = self.database.beside();
        for name in &failed {
            assert!(name.contains("__failed_"), "{name} is left");
            self.database.server().query("postgres", &format!("DROP DATABASE {}", quoted(name)));
        }
        failed.len()
    }
}

/// What has to hold once a killed script was followed by what the executor does.
#[track_caller]
fn assert_as_before(ground: &Ground, before: &str, failed: usize, when: &str) {
    assert_eq!(ground.everything(), before, "{when}");
    assert_eq!(ground.drop_failed(), failed, "{when}");
}

fn killed_while_it_seals(server: &'static PostgreSql, when: &str, number: usize) {
    let ground = Ground::new(server);
    let before = ground.everything();
    let first = ground.run(number);
    let (of_copy, of_seal) = (first.script("copy"), first.script("seal"));
    first.script("discard");
    assert_as_before(&ground, &before, 0, "whole");
    let points = (1..=of_copy).map(|at| ("copy", at)).chain((1..=of_seal).map(|at| ("seal", at)));
    for (point, (script, at)) in points.enumerate() {
        let run = ground.run(number + point + 1);
        if script == "seal" {
            run.script("copy");
        }
        run.killed(script, at, when);
        // nothing was sealed: its undo has nothing to do, and that of the copy follows
        run.script("discard");
        run.script("open");
        assert_as_before(&ground, &before, 0, &format!("{script} killed {when} question {at}"));
    }
}

fn killed_on_the_way_back(server: &'static PostgreSql, when: &str, number: usize) {
    let ground = Ground::new(server);
    let before = ground.everything();
    let back = |number: usize, at: Option<usize>, when: &str| {
        let run = ground.run(number);
        run.script("copy");
        run.script("seal");
        ground.migrate();
        if let Some(at) = at {
            run.killed("restore", at, when);
        }
        let calls = run.script("restore");
        run.script("restore");
        run.script("discard");
        run.script("open");
        assert_as_before(&ground, &before, 1, &format!("restore killed {when} question {at:?}"));
        calls
    };
    assert_eq!(back(number, None, when), 1, "the swap is one session");
    back(number + 1, Some(1), when);
    for (nth, (line, _)) in lines_that_change(&ground).into_iter().enumerate() {
        let how = if when == "with-server" { format!("crash-{line}") } else { format!("line-{line}") };
        back(number + 2 + nth, Some(1), &how);
    }
}

/// Lines of what the session of a swap is sent, after which something of it has been done.
fn lines_that_change(ground: &Ground) -> Vec<(usize, String)> {
    let folder = ground.scripts.of_engine();
    let sent = ["session.sql", "swap.sql"].map(|file| fs::read_to_string(folder.join(file)).expect("it is written"));
    let changing =
        |line: &&str| ["ALTER", "BEGIN", "COMMIT", "\\connect"].iter().any(|word| line.trim_start().starts_with(word));
    let all: String = sent.concat();
    let lines: Vec<_> = all
        .lines()
        .enumerate()
        .filter(|(_, line)| changing(line))
        .map(|(at, line)| (at + 1, line.to_owned()))
        .collect();
    assert_eq!(lines.len(), 7, "{lines:?}");
    lines
}

#[test]
fn a_seal_killed_at_any_question_leaves_everything_as_it_was() {
    killed_while_it_seals(postgres(), "during", 1000);
}

#[test]
fn a_swap_killed_at_any_statement_is_done_once_by_the_next() {
    killed_on_the_way_back(postgres(), "during", 1000);
}

#[test]
fn a_server_that_crashes_with_the_script_changes_nothing_of_that() {
    let (server, _taken) = frail();
    killed_while_it_seals(server, "with-server", 1000);
    killed_on_the_way_back(server, "with-server", 2000);
}

/// The lock of the next test.
const HELD: &str = "FROM pg_locks WHERE relation = 'pg_database'::regclass AND mode = 'ShareLock'";

#[test]
fn what_a_killed_script_left_at_work_on_the_server_is_ended_first() {
    let (server, _taken) = frail();
    let ground = Ground::new(server);
    let before = ground.everything();
    let run = ground.run(1);
    let waiting = |statement: &str| {
        let sql =
            format!("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '{statement}%'");
        server.query("template1", &sql).lines().count()
    };
    // nobody can make or drop a database as long as this holds
    let statements = "BEGIN; LOCK TABLE pg_database IN SHARE MODE; SELECT pg_sleep(1000)";
    let _lock = server.start_as("postgres", "template1", statements);
    eventually("it is locked", || server.query("postgres", &format!("SELECT count(*) {HELD} AND granted")) == "1\n");
    run.killed("copy", 6, "at-work");
    eventually("the copy waits on the server", || waiting("CREATE DATABASE") == 1);
    std::thread::scope(|scope| {
        let undo = scope.spawn(|| run.script("discard"));
        eventually("it comes to dropping", || waiting("DROP DATABASE") == 1);
        server.query("postgres", &format!("SELECT pg_terminate_backend(pid) {HELD}"));
        undo.join().expect("it ends well");
    });
    run.script("open");
    assert_as_before(&ground, &before, 0, "left at work");
}
