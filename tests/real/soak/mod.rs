//! Deploys one after another while users write, and while processes are killed at random: those of the runner, of its
//! link, of the target, of the web server and of the database.
//!
//! A run of tests makes a handful of kills, `./dev prove` a thousand; `SOAK_KILLS` says another number. What is killed, and when,
//! follows from `SOAK_SEED`, which is printed; what it meets there does not, since processes keep their own time. `SOAK_FROM` begins
//! at a later deploy.

mod client;
mod course;
mod judge;
mod kills;
mod plan;
mod target;

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    cases::{each_case, proves_all},
    support::{OwnMariaDb, servers},
};
use target::Target;

/// Kills of a run of tests, and of a proof.
const FEW: usize = 6;
const ALL: usize = 1000;
/// From so many kills on several sites are deployed to at a time: most of it is waiting.
const MANY: usize = 100;

/// What the sites of one soak share.
struct Soak {
    seed: u64,
    wanted: usize,
    server: OwnMariaDb,
    /// Held to read by who needs the server, to write while it is down.
    up: RwLock<()>,
    outages: AtomicUsize,
    killed: AtomicUsize,
    counts: Mutex<BTreeMap<String, usize>>,
}

impl Soak {
    fn start() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            seed: setting("SOAK_SEED", now),
            wanted: setting("SOAK_KILLS", if proves_all() { ALL } else { FEW }),
            server: OwnMariaDb::start(servers().folder.join("mariadb-soak")),
            up: RwLock::default(),
            outages: AtomicUsize::default(),
            killed: AtomicUsize::default(),
            counts: Mutex::default(),
        }
    }

    fn count(&self, what: impl Display, number: usize) {
        *self.counts.lock().expect("no panic while held").entry(what.to_string()).or_default() += number;
    }

    fn is_over(&self) -> bool {
        self.killed.load(Ordering::Relaxed) >= self.wanted
    }

    /// Ends the server as a crash does; it is started again as a service manager does, after a while.
    fn crash_server(&self, down: Duration) {
        let _down = self.up.write().expect("no panic while held");
        self.outages.fetch_add(1, Ordering::Relaxed);
        self.server.0.kill();
        std::thread::sleep(down);
        self.server.0.start_again();
    }
}

fn setting<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn no_acknowledged_row_is_lost_or_changed_whatever_is_killed() {
    let soak = Soak::start();
    println!("SOAK_SEED={} SOAK_KILLS={}", soak.seed, soak.wanted);
    let sites = if soak.wanted >= MANY { 3 } else { 1 };
    let cases: Vec<(String, u64)> = (1..=sites).map(|site| (format!("site {site}"), site)).collect();
    each_case(cases.len(), &cases, |_, &site| {
        let mut target = Target::new(&soak, site);
        for number in setting("SOAK_FROM", 1).. {
            target.deploy(number);
            if soak.is_over() {
                break;
            }
        }
        target.end();
    });
    for (what, number) in soak.counts.lock().expect("no panic while held").iter() {
        println!("{number:7} {what}");
    }
    assert!(soak.is_over(), "not all kills were made");
}
