//! The scripts of the PostgreSQL engine, killed at each of their questions to the server, and the server with them.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use super::support::{
    Site, eventually,
    postgres::{Database, PostgreSql, postgres, program, quoted},
    servers::text,
};

/// A server that one test at a time may crash or lock.
fn frail() -> (&'static PostgreSql, MutexGuard<'static, ()>) {
    static SERVER: OnceLock<PostgreSql> = OnceLock::new();
    static TAKEN: Mutex<()> = Mutex::new(());
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    (SERVER.get_or_init(|| PostgreSql::start("postgres-frail")), taken)
}

/// In the place of `psql`: at one of its calls whoever called is killed.
const CLIENT: &str = r#"#!/bin/sh
number=$(($(cat "$COUNT") + 1))
echo "$number" >"$COUNT"
[ "$number" = "$KILL_AT" ] || exec "$PSQL" "$@"
case $KILL_WHEN in
line-*) head -n "${KILL_WHEN#line-}" | "$PSQL" "$@" ;;
crash-*)
	head -n "${KILL_WHEN#crash-}" | "$PSQL" "$@"
	kill -QUIT "$(head -n 1 "$POSTMASTER")"
	;;
during)
	exec 3<&0
	"$PSQL" "$@" <&3 &
	sleep 0.06
	;;
at-work)
	exec 3<&0
	"$PSQL" "$@" <&3 &
	sleep 1
	;;
with-server)
	"$PSQL" "$@"
	kill -QUIT "$(head -n 1 "$POSTMASTER")"
	;;
esac
kill -KILL "-$(cat "$GROUP")"
"#;

/// The engine's scripts as a run has them, without an executor.
struct Ground {
    site: Site,
    scripts: PathBuf,
    database: Database,
}

/// One run on it.
struct Run<'a> {
    ground: &'a Ground,
    id: String,
    state: PathBuf,
}

impl Ground {
    fn new(server: &'static PostgreSql) -> Self {
        let site = Site::empty();
        site.configure("databases: { main: { engine: postgres } }\n");
        let scripts = site.runner.join("scripts");
        site.backstay(&["plan", "--scripts", &text(&scripts)]).is(0);
        let database =
            server.take_database_of(&format!("Shop \"{}\" it's \\", site.port), &format!("shop_{}", site.port));
        database.query_as_app("CREATE TABLE orders (n int); INSERT INTO orders SELECT generate_series(1, 1000)");
        database.query(&format!(
            "ALTER DATABASE {0} SET work_mem = '5MB'; COMMENT ON DATABASE {0} IS 'live'",
            quoted(&database.name)
        ));
        fs::create_dir_all(scripts.join("secrets")).expect("ours");
        fs::write(scripts.join("secrets/main.cnf"), database.service()).expect("ours");
        fs::write(site.runner.join("psql"), CLIENT).expect("ours");
        Command::new("chmod").arg("755").arg(site.runner.join("psql")).status().expect("there is chmod");
        Self { site, scripts, database }
    }

    fn run(&self, number: usize) -> Run<'_> {
        let id = format!("20261125T{number:06}Z-0000000");
        let state = self.site.path.join(".backstay/runs").join(&id).join("state/db-main");
        fs::create_dir_all(&state).expect("ours");
        Run { ground: self, id, state }
    }

    /// Rows, what is kept outside of the database, and whether the app gets in.
    fn everything(&self) -> String {
        self.database.query_as_app("SELECT string_agg(n::text, ' ' ORDER BY n) FROM orders")
            + &self.database.query(
                "SELECT to_jsonb(d) - 'oid' - 'datfrozenxid', shobj_description(oid, 'pg_database'), setconfig FROM pg_database d
                 LEFT JOIN pg_db_role_setting ON setdatabase = d.oid WHERE datname = current_database();
                 SELECT relname FROM pg_class WHERE oid >= 16384 ORDER BY 1",
            )
    }

    fn migrate(&self) {
        self.database.query_as_app(&format!(
            "DROP TABLE IF EXISTS orders; CREATE TABLE failed (n int); ALTER DATABASE {} SET work_mem = '9MB'",
            quoted(&self.database.name)
        ));
    }
}

impl Run<'_> {
    /// Runs a script to its end; how many questions it had.
    #[track_caller]
    fn script(&self, name: &str) -> usize {
        let (ended, calls) = self.start(name, 0, "never");
        assert!(ended, "{name} of {} failed", self.id);
        calls
    }

    /// Runs a script that is killed at a question.
    #[track_caller]
    fn killed(&self, name: &str, at: usize, when: &str) {
        let (ended, calls) = self.start(name, at, when);
        assert!(!ended && calls == at, "{name} was not killed {when} its question {at}, but had {calls}");
        if when == "with-server" || when.starts_with("crash") {
            self.ground.database.server().start_again();
        }
    }

    fn start(&self, name: &str, at: usize, when: &str) -> (bool, usize) {
        let (count, group) = (self.state.join("count"), self.state.join("group"));
        fs::write(&count, "0").expect("ours");
        let folder = self.ground.scripts.join("databases/main/postgres");
        let path = format!("{}:{}", text(&self.ground.site.runner), std::env::var("PATH").unwrap_or_default());
        let line = format!("echo $$ >'{}'; exec sh '{}'", text(&group), text(&folder.join(name)));
        let log = fs::File::create(self.state.join(format!("{name}.log"))).expect("ours");
        let ended = Command::new("setsid")
            .args(["-w", "sh", "-c", &line])
            .env("PATH", path)
            .envs([("COUNT", &count), ("GROUP", &group), ("POSTMASTER", &self.ground.database.server().pid_file())])
            .env("PSQL", program("psql"))
            .envs([("KILL_AT", at.to_string().as_str()), ("KILL_WHEN", when), ("BACKSTAY_DB", "main")])
            .envs([("BACKSTAY_RUN", self.id.as_str()), ("BACKSTAY_DIRECTION", "rolled-back")])
            .env("BACKSTAY_DB_TARGET", &self.ground.database.name)
            .env("BACKSTAY_DIR", &self.ground.scripts)
            .env("BACKSTAY_PATH", &self.ground.site.path)
            .env("BACKSTAY_SECRETS", self.ground.scripts.join("secrets"))
            .env("BACKSTAY_DB_CNF", self.ground.scripts.join("secrets/main.cnf"))
            .env("BACKSTAY_DB_DIR", &folder)
            .env("BACKSTAY_DB_STATE", &self.state)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("ours"))
            .stderr(log)
            .status()
            .expect("setsid is installed")
            .success();
        let calls = fs::read_to_string(&count).expect("ours").trim().parse().expect("a number");
        (ended, calls)
    }

    /// Drops what is kept for the post-mortem; answers how much that was.
    fn drop_failed(&self) -> usize {
        let failed = self.ground.database.beside();
        for name in &failed {
            assert!(name.contains("__failed_"), "{name} is left");
            self.ground.database.server().query("postgres", &format!("DROP DATABASE {}", quoted(name)));
        }
        failed.len()
    }
}

/// What has to hold once a killed script was followed by what the executor does.
#[track_caller]
fn assert_as_before(ground: &Ground, run: &Run<'_>, before: &str, failed: usize, when: &str) {
    assert_eq!(ground.everything(), before, "{when}");
    assert_eq!(run.drop_failed(), failed, "{when}");
}

fn killed_while_it_seals(server: &'static PostgreSql, when: &str, number: usize) {
    let ground = Ground::new(server);
    let before = ground.everything();
    let first = ground.run(number);
    let (of_copy, of_seal) = (first.script("copy"), first.script("seal"));
    first.script("discard");
    assert_as_before(&ground, &first, &before, 0, "whole");
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
        assert_as_before(&ground, &run, &before, 0, &format!("{script} killed {when} question {at}"));
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
        assert_as_before(&ground, &run, &before, 1, &format!("restore killed {when} question {at:?}"));
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
    let folder = ground.scripts.join("databases/main/postgres");
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
    assert_as_before(&ground, &run, &before, 0, "left at work");
}
