//! How long it takes to give the data back once a migration has failed, at 0.1 and at 1.1 GB, beside restoring a dump: through
//! gzip, and by two at a time. Run by `./dev bench rollback`.
//!
//! `SERVER` (mariadb or postgres) is one alone; `ROWS` (150000) is how many rows each of the twenty tables of the larger set has, a
//! tenth of that the smaller one's; `POOL` (4G) is MariaDB's buffer pool.

#[path = "../database/mod.rs"]
#[allow(dead_code, reason = "the other benchmark uses more of it")]
mod database;
#[path = "../measure/mod.rs"]
#[allow(dead_code, reason = "the other benchmarks use more of it")]
mod measure;
#[path = "../../tests/real/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::time::Duration;

use database::{Server, deploy, live_site, mariadb::MariaDb, postgres::Postgres, seconds, servers_wanted, took};
use measure::{ratio, setting, verdict};

/// One size of the data.
struct Size {
    size_mb: u64,
    restore: Duration,
    parallel: Duration,
    /// The undo of `protect`.
    data_back: Duration,
    /// From the failure of the migration to the old version with its data.
    whole: Duration,
}

fn main() {
    let rows = setting("ROWS", 150_000);
    for name in servers_wanted() {
        let sizes = [rows / 10, rows].map(|rows| {
            let folder = format!("{name}-{rows}");
            if name == "mariadb" {
                let server = MariaDb::start(&folder);
                let size = measured(&server, rows);
                server.stop();
                size
            } else {
                measured(&Postgres::start(&folder), rows)
            }
        });
        print(name, &sizes);
    }
}

fn measured(server: &dyn Server, rows: usize) -> Size {
    let site = live_site(server, "auto");
    server.fill(rows);
    server.dump();
    server.parallel_dump();
    let (restore, parallel) = (server.restore(), server.parallel_restore());
    let before = server.fingerprint();
    let failed = deploy(&site, "2222222", &["2026_05_01_000000_change_two_and_die.php"], 10);
    assert_eq!(server.fingerprint(), before, "the rollback was none");
    let whole = failed.last().and_then(|outcome| outcome["rollback_ms"].as_u64()).expect("it was rolled back");
    Size {
        size_mb: server.size_mb(),
        restore,
        parallel,
        data_back: took(&failed, "protect", true).expect("it was undone"),
        whole: Duration::from_millis(whole),
    }
}

fn print(name: &str, sizes: &[Size; 2]) {
    println!("{name}");
    for size in sizes {
        println!("  {} MB with indexes", size.size_mb);
        println!("    restore of the dump through gzip         {}", seconds(size.restore));
        println!("    restore by two at a time                 {}", seconds(size.parallel));
        println!("    undo of protect: the data is back        {}", seconds(size.data_back));
        println!("    from the failure to the old version      {}", seconds(size.whole));
    }
    let [small, large] = sizes;
    let wanted = if name == "mariadb" { 30.0 } else { 100.0 };
    let times = ratio(large.restore, large.data_back);
    println!("  {times:.1} times less than the restore through gzip, {wanted} wanted: {}", verdict(times >= wanted));
    println!("  {:.1} times less than the restore by two", ratio(large.parallel, large.data_back));
    let (ours, theirs) = (ratio(large.data_back, small.data_back), ratio(large.restore, small.restore));
    println!("  from the smaller to the larger set: {ours:.1} times as long; the restore {theirs:.1} times\n");
}
