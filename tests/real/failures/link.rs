//! The runner loses the target: for a moment, for long, or because it is killed.

use std::time::Duration;

use serde_json::json;

use super::{End, Target};
use crate::{
    cases::each_case,
    support::{Site, eventually},
};

#[test]
fn a_runner_cut_off_for_less_than_the_lease_goes_on_and_commits() {
    let cases = [("a moment", false), ("until the runner gives the connection up", true)];
    each_case(cases.len(), &cases, |_, &is_given_up| {
        let target = Target::new(Site::with_mariadb());
        let proxy = target.through_proxy();
        target.configure("runner: { lease: 60s }\n");
        let run = target.deploy_until("after-migrate", &["good"]);
        let closed = proxy.given_up();
        target.cut(|| proxy.block());
        target.go_on("after-migrate");
        if is_given_up {
            eventually("the target waits for the verdict", || {
                target.journals().pop().is_some_and(|j| j.contains(" await"))
            });
            // it gives a connection up after 8 s; others may close meanwhile
            std::thread::sleep(Duration::from_secs(12));
            assert!(proxy.given_up() > closed, "the runner has not seen that the connection is dead");
        }
        proxy.heal();
        let run = run.wait().is(0);
        // on a busy machine a moment may be long enough as well
        assert!(run.stdout.contains("\"event\":\"link\"") || !is_given_up, "{}", run.stdout);
        target.judge(End::Committed);
    });
}

#[test]
fn a_runner_cut_off_for_longer_than_the_lease_finds_it_rolled_back_and_says_so() {
    let cases = ["before-maintenance-on", "after-migrate", "waiting for the verdict"].map(|place| (place, ()));
    each_case(cases.len(), &cases, |place, ()| {
        let target = Target::new(Site::with_mariadb());
        let proxy = target.through_proxy();
        target.configure("");
        let is_hook = !place.contains(' ');
        let hook = if is_hook { place } else { "before-smoke" };
        let run = target.deploy_until(hook, &["good"]);
        target.cut(|| proxy.block());
        if !is_hook {
            target.go_on(hook);
        }
        target.await_end();
        proxy.heal();
        let run = run.wait().is(10);
        run.says("no sign of life from the runner");
        assert_eq!(run.outcome()["outcome"], json!("rolled-back"));
        println!("{}", run.stderr);
        target.judge(End::RolledBack);
    });
}

#[test]
fn a_runner_that_never_gets_through_can_be_stopped() {
    let site = Site::with_first();
    let proxy = site.through_proxy();
    site.configure("");
    proxy.block();
    let run = site.start_deploy(&["good"], "2222222", &[]);
    eventually("the runner tries", || proxy.taken() > 0);
    run.signal("-INT");
    run.wait().is(11).says("stopped before anything began");
    assert_eq!(site.list(".backstay/runs").len(), 1);
}

#[test]
fn a_migration_that_takes_longer_than_the_lease_is_waited_for_while_the_runner_lives() {
    let target = Target::new(Site::with_mariadb());
    let run = target.start(&["good", "slow"]);
    eventually("the migration has changed something", || target.data().contains("telex"));
    // the lease is 15 s
    std::thread::sleep(Duration::from_secs(17));
    std::fs::write(target.path.join("shared/storage/go-on"), "").expect("ours");
    run.wait().is(0);
    target.judge(End::Committed);
}
