//! With runner and executor dead, cron alone brings the run to its end: a real one, with its own clock.

use super::{End, Target};
use crate::{
    cases::each_case,
    support::{CronHost, Site, eventually},
};

/// Where runner and executor are killed, how the run ends, and whether the server restarts.
pub(super) const CUTS: [(&str, (End, bool)); 3] = [
    ("after-migrate", (End::RolledBack, false)),
    ("after-commit", (End::Committed, false)),
    ("before-smoke, then a reboot", (End::RolledBack, true)),
];

#[test]
fn with_both_killed_a_running_cron_ends_the_run_within_two_minutes() {
    each_case(CUTS.len(), &CUTS, |case, &(end, is_at_boot)| {
        let place = case.split(',').next().unwrap_or(case);
        let site = Site::with_mariadb();
        let mut host = CronHost::start(&site);
        if !is_at_boot {
            host.start_cron();
        }
        let target = Target::new(site);
        let run = target.deploy_until(place, &["good"]);
        assert_eq!(host.crontab().len(), 2);
        target.cut(|| target.kill_both(run));
        // a cron that runs may have begun already, where the cut was at the end of a minute
        if is_at_boot {
            target.tells_everywhere("unsettled");
            host.start_cron();
        }
        let took = target.judge(end);
        assert!(took.as_secs() < 120, "{took:?}");
        eventually("the guard takes itself away", || host.crontab().is_empty());
    });
}

#[test]
fn a_cron_that_has_not_seen_the_crontab_change_ends_the_run_all_the_same() {
    let site = Site::with_mariadb();
    let mut host = CronHost::start(&site);
    host.prepare_unseen_change(&site);
    host.start_cron();
    let target = Target::new(site);
    target.pause_at("after-migrate");
    let run = target.start(&["good"]);
    host.await_unseen_change(&target);
    target.await_pause("after-migrate");
    target.cut(|| target.kill_both(run));
    target.judge(End::RolledBack);
}
