//! Databases that are large in other ways than the twenty tables of `downtime`: 200 tables with foreign keys among all of them,
//! 2,000 tables without, and one of 10 million rows. Each is deployed to by a migration that dies, on a MariaDB of the benchmark's
//! own; printed are times, and what the runner and the scripts on the target hold in memory. Run by `./dev bench scale`.
//!
//! `SCALE` (keys, tables or rows) is one alone; `ROWS` (10000000) makes the large table smaller, to try it.

#[path = "../measure/mod.rs"]
#[allow(dead_code, reason = "the other benchmarks use more of it")]
mod measure;
mod memory;
#[path = "../../tests/real/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::time::Duration;

use measure::{measure, print_machine, setting, verdict};
use memory::Scripts;
use serde_json::Value;
use support::{OwnMariaDb, Site, backstay, servers, servers::text};

/// The most that the runner may hold, and the most that all scripts of the target together may.
const PEAK_MAX_MB: f64 = 64.0;

/// How many rows are put into the large table at a time.
const PART_ROWS: usize = 500_000;

fn main() {
    print_machine(&[("mariadbd", &["--version"]), ("ssh", &["-V"])]);
    let rows = setting("ROWS", 10_000_000);
    let server = OwnMariaDb::start(servers().folder.join("mariadb-scale"));
    // as MariaDB comes; the tests' servers have less, since there are many
    server.0.query("", "SET GLOBAL innodb_log_file_size = 100663296");
    let wanted = std::env::var("SCALE").ok();
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    assert!(["keys", "tables", "rows"].iter().any(|name| is_wanted(name)), "SCALE: keys, tables or rows");
    if is_wanted("keys") {
        deploy(&server, "200 tables with foreign keys among all", &tables_with_keys(200));
    }
    if is_wanted("tables") {
        deploy(&server, "2,000 tables", &plain_tables(2_000));
    }
    if is_wanted("rows") {
        deploy(&server, &format!("one table of {rows} rows"), &one_table(rows));
    }
}

/// Every table leads to the next, to one far off and to itself, so that each hangs on each.
fn tables_with_keys(count: usize) -> String {
    let table = |n: usize| {
        let (next, far) = ((n + 1) % count, (n * 7 + 3) % count);
        format!(
            "CREATE TABLE keyed_{n} (id INT PRIMARY KEY, next INT, far INT, same INT, text VARCHAR(100), FOREIGN KEY (next) REFERENCES keyed_{next} (id), \
             FOREIGN KEY (far) REFERENCES keyed_{far} (id) ON DELETE CASCADE, FOREIGN KEY (same) REFERENCES keyed_{n} (id) ON DELETE SET NULL); \
             INSERT INTO keyed_{n} SELECT seq, seq, seq, seq, MD5(seq * {n}) FROM seq_1_to_500; "
        )
    };
    format!("SET foreign_key_checks = 0; {}", (0..count).map(table).collect::<String>())
}

fn plain_tables(count: usize) -> String {
    let table = |n: usize| {
        format!(
            "CREATE TABLE plain_{n} (id INT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(100), KEY (email)); \
             INSERT INTO plain_{n} (email) VALUES ('{n}@example.com'), (NULL); "
        )
    };
    (0..count).map(table).collect()
}

fn one_table(rows: usize) -> String {
    // in parts, since one transaction of ten million rows is longer taken back than made; the key afterwards, since it is then sorted
    let part = |from: usize| {
        let to = rows.min(from + PART_ROWS - 1);
        format!(
            "INSERT INTO large (customer, token, total) SELECT seq % 9973, MD5(seq), seq / 7 FROM seq_{from}_to_{to}; "
        )
    };
    "CREATE TABLE large (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, token CHAR(32) NOT NULL, total DECIMAL(10,2)); \
     SET SESSION sql_log_bin = 0; "
        .to_owned()
        + &(1..=rows).step_by(PART_ROWS).map(part).collect::<String>()
        + "ALTER TABLE large ADD KEY (customer); ANALYZE TABLE large"
}

/// A site whose data those statements make, and a deploy to it that is rolled back.
fn deploy(server: &OwnMariaDb, title: &str, statements: &str) {
    let site = Site::on(server.0);
    site.schema().load(statements);
    let before = fingerprint(&site);
    let artifact = text(&site.artifact(&["bad"], "2222222"));
    let scripts = Scripts::watch(&site.path);
    let args = ["deploy", "--json", "--artifact", &artifact, "--revision", "2222222"];
    let runner = measure(&mut backstay(&site.runner, &args), 10);
    let held = scripts.end();
    assert!(fingerprint(&site) == before, "the rollback was none");

    println!("{title}");
    let said = String::from_utf8_lossy(&runner.output.stdout).into_owned();
    let events: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (name, step, undo) in [
        ("copy, while the site works", "copy", false),
        ("protect, in maintenance", "protect", false),
        ("undo of protect: the data is back", "protect", true),
        ("undo of copy", "copy", true),
    ] {
        let ended = |event: &&Value| event["event"] == "step-ended" && event["step"] == step && event["undo"] == undo;
        let ms = events.iter().find(ended).and_then(|event| event["duration_ms"].as_u64());
        println!("  {name:<42} {:.2} s", Duration::from_millis(ms.unwrap_or(0)).as_secs_f64());
    }
    println!("  {:<42} {:.2} s", "the whole deploy", runner.took.as_secs_f64());
    #[allow(clippy::cast_precision_loss, reason = "kilobytes of memory")]
    for (name, peak_kb) in [("memory: the runner", runner.peak_kb), ("memory: all scripts on the target", held.peak_kb)]
    {
        let mb = peak_kb as f64 / 1024.0;
        println!("  {name:<42} {mb:.1} MB, {PEAK_MAX_MB} wanted: {}", verdict(mb <= PEAK_MAX_MB));
    }
    println!("  {:<42} {}\n", "the most of them", held.who);
    site.schema().query(&format!("DROP DATABASE {0}; CREATE DATABASE {0}", site.schema().name));
}

/// Enough to see that a rollback was one.
fn fingerprint(site: &Site) -> String {
    let schema = site.schema();
    let tables = schema.query("SHOW FULL TABLES");
    let names: Vec<String> =
        tables.lines().filter_map(|line| line.split('\t').next()).map(|name| format!("`{name}`")).collect();
    tables
        + &schema.query(&format!("CHECKSUM TABLE {}", names.join(", ")))
        + &schema.query(
            "SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()",
        )
}
