//! What the tests stand on.
//!
//! ```ignore
//! let site = Site::new();                           // a path on a real sshd, behind nginx and php-fpm as www-data
//! site.deploy("first", &[]).is(0);                  // the fixture's app with that revision
//! let before = site.data();                         // every definition and row, read without Backstay
//! let watch = site.watch();                         // asks the site all the time
//! let run = site.deploy_of(&["bad"], "second", &[]);// the app with a variant laid over it
//! run.is(10);
//! assert_eq!(run.outcome()["data"], "restored");
//! assert_eq!(site.data(), before);
//! assert!(!watch.end().contains(&500));
//! ```

pub mod command;
mod cron;
mod disk;
mod files;
mod front;
mod manager;
pub mod mariadb;
pub mod postgres;
pub mod proxy;
pub mod scripts;
pub mod servers;
mod site;
mod watch;

pub use command::{Finished, Running, backstay, binary};
pub use cron::CronHost;
pub use disk::Disk;
pub use files::tar_of;
pub use front::Front;
pub use manager::ManagerHost;
pub use mariadb::{MariaDb, OwnMariaDb, Schema};
pub use servers::{Held, USER, hold_as_user, servers};
pub use site::{Site, as_user, as_user_at_home, processes};
pub use watch::get;

use std::time::{Duration, Instant};

/// Waits for something that has to come: up to three minutes, since cron comes once in one, and machines are busy.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(3) {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("in three minutes not: {what}");
}
