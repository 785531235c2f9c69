//! The database servers of the benchmarks, with an app's data on them, and deploys to them over a real sshd. What is measured of that
//! is the benchmarks' own.

pub mod mariadb;
pub mod postgres;

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::{
    measure::print_machine,
    support::{Site, command::Finished, postgres::program, servers::text},
};

pub const TABLES: usize = 20;

/// A database server with the app's data on it, and today's practice there.
pub trait Server {
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
    /// How long the quickest of the usual dumps takes, by two at a time and not compressed.
    fn parallel_dump(&self) -> Duration;
    /// And how long it takes to bring that back.
    fn parallel_restore(&self) -> Duration;
}

/// Which servers are asked for: `SERVER` (mariadb or postgres), or both.
pub fn servers_wanted() -> Vec<&'static str> {
    print_machine(&[
        ("mariadbd", &["--version"]),
        ("mydumper", &["--version"]),
        (&program("postgres"), &["--version"]),
        ("ssh", &["-V"]),
        ("php", &["--version"]),
    ]);
    match std::env::var("SERVER").as_deref() {
        Ok("mariadb") => vec!["mariadb"],
        Ok("postgres") => vec!["postgres"],
        Ok(other) => panic!("SERVER={other}: mariadb or postgres"),
        Err(_) => vec!["mariadb", "postgres"],
    }
}

/// The app with its first release on that server.
pub fn live_site(server: &dyn Server, engine: &str) -> Site {
    let site = Site::new();
    if engine != "auto" {
        site.configure(&format!("databases: {{ main: {{ engine: {engine} }} }}\n"));
    }
    site.add_env(&server.env());
    site.deploy("1111111", &[]).is(0);
    site
}

/// A deploy of the app with migrations added to it; its JSON lines.
pub fn deploy(site: &Site, revision: &str, migrations: &[&str], code: i32) -> Vec<Value> {
    let artifact = site.artifact(&[], revision);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/database/migrations");
    for name in migrations {
        fs::copy(from.join(name), artifact.join("database/migrations").join(name)).expect("ours");
    }
    let done: Finished =
        site.backstay(&["deploy", "--json", "--artifact", &text(&artifact), "--revision", revision]).is(code);
    done.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON lines, and nothing else")).collect()
}

/// How long a step or its undo took.
pub fn took(events: &[Value], step: &str, undo: bool) -> Option<Duration> {
    let is_it = |event: &&Value| event["event"] == "step-ended" && event["step"] == step && event["undo"] == undo;
    let event = events.iter().rfind(is_it)?;
    Some(Duration::from_millis(event["duration_ms"].as_u64()?))
}

/// What a deploy took, line by line.
pub fn report(title: &str, events: &[Value]) {
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

pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
