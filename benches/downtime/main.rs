//! How long users see maintenance for the backup, and how long it takes to give the data back, beside a dump through gzip and
//! its restore: a Laravel app on a database of 1.1 GB, deployed over a real sshd. Run by `./dev bench downtime`.
//!
//! `SERVER` (mariadb or postgres) is one alone instead of one after the other; `ROWS` (150000) makes the twenty tables smaller,
//! to try it; `POOL` (1G) is MariaDB's buffer pool; `ENGINE=none` leaves the protection out.

mod mariadb;
#[path = "../measure/mod.rs"]
#[allow(dead_code, reason = "the other benchmark uses more of it")]
mod measure;
mod postgres;
#[path = "../../tests/real/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::{fs, path::Path, time::Duration};

use mariadb::MariaDb;
use measure::{print_machine, ratio, setting, verdict};
use postgres::Postgres;
use serde_json::Value;
use support::{Site, command::Finished, servers::text};

const TABLES: usize = 20;

/// A database server with the app's data on it, and today's practice there.
trait Server {
    /// The lines of the app's `.env` that lead there.
    fn env(&self) -> String;
    /// Fills twenty tables, as a shop of some years has them.
    fn fill(&self, rows: usize);
    /// Data and indexes on the disk.
    fn size_mb(&self) -> u64;
    /// Definitions and checksums of the twenty tables: enough to see that a rollback was one.
    fn fingerprint(&self) -> String;
    /// How long a dump through gzip takes.
    fn dump(&self) -> Duration;
    /// And how long it takes to bring that back, into a database beside the live one.
    fn restore(&self) -> Duration;
}

/// How many times less than today's practice, by `databases.md`, on the full set.
struct Goals {
    protect: f64,
    data_back: f64,
}

fn main() {
    print_machine(&[
        ("mariadbd", &["--version"]),
        (&support::postgres::program("postgres"), &["--version"]),
        ("ssh", &["-V"]),
        ("php", &["--version"]),
    ]);
    match std::env::var("SERVER").as_deref() {
        Ok("mariadb") => on_mariadb(),
        Ok("postgres") => on_postgres(),
        Ok(other) => panic!("SERVER={other}: mariadb or postgres"),
        Err(_) => {
            on_mariadb();
            on_postgres();
        }
    }
}

fn on_mariadb() {
    println!("MariaDB\n");
    let mut server = MariaDb::start();
    let goals = Goals { protect: 5.0, data_back: 30.0 };
    let (site, dump) = compare(&server, &goals);
    if engine() == "auto" {
        let admin = server.restart_counting();
        site.configure(&format!("databases: {{ main: {{ admin: {} }} }}\n", text(&admin)));
        let counted = deploy(&site, "4444444", &["2026_05_01_000000_change_two_and_die.php"], 10);
        report("a migration that fails, on a server that counts writes", &counted);
        protect_is(&counted, "evidence", dump, 20.0);
    }
    server.stop();
}

fn on_postgres() {
    println!("PostgreSQL\n");
    compare(&Postgres::start(), &Goals { protect: 4.0, data_back: 100.0 });
}

fn engine() -> String {
    std::env::var("ENGINE").unwrap_or_else(|_| "auto".to_owned())
}

/// Today's practice, then a deploy that fails and one that passes. Answers with the site and how long a dump takes.
fn compare(server: &impl Server, goals: &Goals) -> (Site, Duration) {
    let (rows, engine) = (setting("ROWS", 150_000), engine());
    let site = live_site(server, &engine);
    server.fill(rows);
    println!("data: {TABLES} tables of {rows} rows, {} MB with indexes\n", server.size_mb());
    let dump = server.dump();
    let restore = server.restore();
    println!("today: dump through gzip, in maintenance     {}", seconds(dump));
    println!("today: its restore, in maintenance           {}\n", seconds(restore));

    let before = server.fingerprint();
    let failed = deploy(&site, "2222222", &["2026_05_01_000000_change_two_and_die.php"], 10);
    if engine != "none" {
        assert_eq!(server.fingerprint(), before, "the rollback was none");
    }
    let good = deploy(&site, "3333333", &["2026_05_02_000000_change_two.php"], 0);

    report("a migration that fails", &failed);
    report("one that passes", &good);
    let proof = good.last().and_then(|outcome| outcome["proof"].as_str()).unwrap_or("none");
    protect_is(&good, proof, dump, goals.protect);
    if let Some(back) = took(&failed, "protect", true) {
        let (times, wanted) = (ratio(restore, back), goals.data_back);
        let reached = verdict(times >= wanted);
        println!("undo of protect: {times:.1} times less than the restore, {wanted} wanted: {reached}\n");
    }
    (site, dump)
}

fn protect_is(events: &[Value], proof: &str, dump: Duration, wanted: f64) {
    if let Some(protect) = took(events, "protect", false) {
        let times = ratio(dump, protect);
        let reached = verdict(times >= wanted);
        println!("step protect, proof {proof}: {times:.1} times less than the dump, {wanted} wanted: {reached}");
    }
}

/// The app with its first release on that server.
fn live_site(server: &impl Server, engine: &str) -> Site {
    let site = Site::new();
    if engine != "auto" {
        site.configure(&format!("databases: {{ main: {{ engine: {engine} }} }}\n"));
    }
    site.add_env(&server.env());
    site.deploy("1111111", &[]).is(0);
    site
}

/// A deploy of the app with migrations added to it; its JSON lines.
fn deploy(site: &Site, revision: &str, migrations: &[&str], code: i32) -> Vec<Value> {
    let artifact = site.artifact(&[], revision);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/downtime/migrations");
    for name in migrations {
        fs::copy(from.join(name), artifact.join("database/migrations").join(name)).expect("ours");
    }
    let done: Finished =
        site.backstay(&["deploy", "--json", "--artifact", &text(&artifact), "--revision", revision]).is(code);
    done.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON lines, and nothing else")).collect()
}

/// How long a step or its undo took.
fn took(events: &[Value], step: &str, undo: bool) -> Option<Duration> {
    let is_it = |event: &&Value| event["event"] == "step-ended" && event["step"] == step && event["undo"] == undo;
    let event = events.iter().rfind(is_it)?;
    Some(Duration::from_millis(event["duration_ms"].as_u64()?))
}

fn report(title: &str, events: &[Value]) {
    println!("{title}");
    for (name, step, undo) in [
        ("copy, while the site works", "copy", false),
        ("protect, in maintenance", "protect", false),
        ("migrate", "migrate", false),
        ("undo of protect: the data is back", "protect", true),
    ] {
        if let Some(time) = took(events, step, undo) {
            println!("  {name:<42} {}", seconds(time));
        }
    }
    let outcome = events.last().expect("an outcome at least");
    for (name, key) in
        [("users saw maintenance", "downtime_ms"), ("from the failure to the old version", "rollback_ms")]
    {
        if let Some(ms) = outcome[key].as_u64() {
            println!("  {name:<42} {}", seconds(Duration::from_millis(ms)));
        }
    }
    println!("  {:<42} {}, proof {}, fence {}\n", "data", outcome["data"], outcome["proof"], outcome["fence"]);
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
