//! How long users see maintenance for the backup, and how long it takes to give the data back, beside a dump through gzip and
//! its restore: a Laravel app on a MariaDB of 1.1 GB, deployed over a real sshd. Run by `./dev bench downtime`.
//!
//! `ROWS` (150000) makes the twenty tables smaller, to try it; `ENGINE=none` leaves the protection out.

mod mariadb;
#[path = "../measure/mod.rs"]
#[allow(dead_code, reason = "the other benchmark uses more of it")]
mod measure;
#[path = "../../tests/real/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::{fs, path::Path, time::Duration};

use mariadb::{ACCOUNT, MariaDb, PASSWORD, SCHEMA, TABLES};
use measure::{print_machine, ratio, setting, verdict};
use serde_json::Value;
use support::{Site, command::Finished, servers::text};

/// How many times less than today's practice, by `databases.md`, on the full set.
const PROTECT_MIN: f64 = 5.0;
const PROTECT_BY_EVIDENCE_MIN: f64 = 20.0;
const DATA_BACK_MIN: f64 = 30.0;

fn main() {
    let rows = setting("ROWS", 150_000);
    let engine = std::env::var("ENGINE").unwrap_or_else(|_| "auto".to_owned());
    print_machine(&[("mariadbd", &["--version"]), ("ssh", &["-V"]), ("php", &["--version"])]);
    let mut server = MariaDb::start();
    let site = live_site(&server, &engine);
    server.fill(rows);
    println!("data: {TABLES} tables of {rows} rows, {} MB with indexes\n", server.size_mb());

    let dump = server.dump();
    let restore = server.restore();
    println!("today: mariadb-dump | gzip, in maintenance   {}", seconds(dump));
    println!("today: zcat | mariadb, in maintenance        {}\n", seconds(restore));

    let before = server.fingerprint();
    let failed = deploy(&site, "2222222", &["2026_05_01_000000_change_two_and_die.php"], 10);
    if engine != "none" {
        assert_eq!(server.fingerprint(), before, "the rollback was none");
    }
    let good = deploy(&site, "3333333", &["2026_05_02_000000_change_two.php"], 0);
    let counted = (engine == "auto").then(|| {
        let admin = server.restart_counting();
        site.configure(&format!("databases: {{ main: {{ admin: {} }} }}\n", text(&admin)));
        deploy(&site, "4444444", &["2026_05_01_000000_change_two_and_die.php"], 10)
    });
    server.stop();

    report("a migration that fails", &failed);
    report("one that passes", &good);
    let protect_is = |events: &[Value], what: &str, wanted: f64| {
        if let Some(protect) = took(events, "protect", false) {
            let times = ratio(dump, protect);
            let reached = verdict(times >= wanted);
            println!("step protect, {what}: {times:.1} times less than the dump, {wanted} wanted: {reached}");
        }
    };
    if let Some(counted) = &counted {
        report("a migration that fails, on a server that counts writes", counted);
        protect_is(counted, "evidence", PROTECT_BY_EVIDENCE_MIN);
    }
    protect_is(&good, "exact", PROTECT_MIN);
    if let Some(back) = took(&failed, "protect", true) {
        let times = ratio(restore, back);
        let reached = verdict(times >= DATA_BACK_MIN);
        println!("undo of protect: {times:.1} times less than the restore, {DATA_BACK_MIN} wanted: {reached}");
    }
}

/// The app with its first release on that server.
fn live_site(server: &MariaDb, engine: &str) -> Site {
    let site = Site::new();
    if engine != "auto" {
        site.configure(&format!("databases: {{ main: {{ engine: {engine} }} }}\n"));
    }
    let env = site.path.join("shared/.env");
    let key = fs::read_to_string(&env).expect("ours");
    let more = format!(
        "DB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT={}\nDB_DATABASE={SCHEMA}\nDB_USERNAME={ACCOUNT}\nDB_PASSWORD={PASSWORD}\n",
        server.port
    );
    fs::write(&env, key + &more).expect("ours");
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
