//! How long users see maintenance for the backup, and how long it takes to give the data back, beside a dump through gzip and
//! its restore, and beside the quickest of the usual ones: a Laravel app on a database of 1.1 GB, deployed over a real sshd. Run by
//! `./dev bench downtime`.
//!
//! `SERVER` (mariadb or postgres) is one alone instead of one after the other; `ROWS` (150000) makes the twenty tables smaller,
//! to try it; `POOL` (4G: live data and copy fit) is MariaDB's buffer pool; `ENGINE=none` leaves the protection out.

#[path = "../database/mod.rs"]
mod database;
#[path = "../measure/mod.rs"]
#[allow(dead_code, reason = "the other benchmarks use more of it")]
mod measure;
#[path = "../../tests/real/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::time::Duration;

use database::{
    Server, TABLES, deploy, live_site, mariadb::MariaDb, postgres::Postgres, report, seconds, servers_wanted, took,
};
use measure::{ratio, setting, verdict};
use serde_json::Value;
use support::{Site, servers::text};

/// How many times less than today's practice, by `databases.md`, on the full set.
struct Goals {
    protect: f64,
    data_back: f64,
}

fn main() {
    for server in servers_wanted() {
        if server == "mariadb" { on_mariadb() } else { on_postgres() }
    }
}

fn on_mariadb() {
    println!("MariaDB\n");
    let mut server = MariaDb::start("mariadb");
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
    compare(&Postgres::start("postgres"), &Goals { protect: 4.0, data_back: 100.0 });
}

fn engine() -> String {
    std::env::var("ENGINE").unwrap_or_else(|_| "auto".to_owned())
}

/// Today's practice, then a deploy that fails and one that passes. Answers with the site and how long a dump takes.
fn compare(server: &dyn Server, goals: &Goals) -> (Site, Duration) {
    let (rows, engine) = (setting("ROWS", 150_000), engine());
    let site = live_site(server, &engine);
    server.fill(rows);
    println!("data: {TABLES} tables of {rows} rows, {} MB with indexes\n", server.size_mb());
    let dump = server.dump();
    let restore = server.restore();
    println!("today: dump through gzip, in maintenance     {}", seconds(dump));
    println!("today: its restore, in maintenance           {}", seconds(restore));
    println!("the quickest: dump by two, not compressed    {}", seconds(server.parallel_dump()));
    println!("the quickest: its restore by two             {}\n", seconds(server.parallel_restore()));

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
