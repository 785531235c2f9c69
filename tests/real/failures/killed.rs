//! The runner, the executor, the link between them, or several of them are killed. On MariaDB and on PostgreSQL.

use serde_json::json;

use super::{End, PLACES, Target};
use crate::{
    cases::{each_case, proves_all},
    mysql::GROWN,
    support::{Running, Site, eventually},
};

/// A site, where its run is cut, and how that has to end.
type Case = (fn() -> Site, &'static str, End);

/// As many at a time: most of it is waiting.
const AT_ONCE: usize = 8;

/// Each place on MariaDB, and those on PostgreSQL where its data are in another state. Three tests share them in a run of tests.
fn on_each_server(share: usize) -> Vec<(String, Case)> {
    let on = |server: &str, site: fn() -> Site, (place, end): (&'static str, End)| {
        (format!("{place} on {server}"), (site, place, end))
    };
    let on_mariadb = PLACES.map(|place| on("MariaDB", Site::with_mariadb, place));
    let differs = |place: &&(&str, End)| ["before-protect", "after-migrate", "after-commit"].contains(&place.0);
    let on_postgres = PLACES.iter().filter(differs).map(|place| on("PostgreSQL", Site::with_postgres, *place));
    let all = on_mariadb.into_iter().chain(on_postgres);
    if proves_all() { all.collect() } else { all.skip(share).step_by(3).collect() }
}

#[test]
fn a_killed_runner_leaves_the_target_to_end_alone() {
    each_case(AT_ONCE, &on_each_server(0), |_, &(site, place, end)| {
        let target = Target::new(site());
        let run = target.deploy_until(place, &["good"]);
        target.cut(|| run.signal("-KILL"));
        run.wait();
        if end == End::Committed {
            target.go_on(place);
        }
        target.judge(end);
        target.backstay(&["settle"]).is(0).says("no unfinished run");
        if end == End::RolledBack {
            target.backstay(&["status"]).says("no sign of life");
        }
    });
}

#[test]
fn a_killed_executor_is_settled_by_the_runner_at_once() {
    each_case(AT_ONCE, &on_each_server(1), |_, &(site, place, end)| {
        let target = Target::new(site());
        let run = target.deploy_until(place, &["good"]);
        target.cut(|| target.kill_executor());
        run.wait().is(end.code()).says("the executor had died");
        target.judge(end);
    });
}

#[test]
fn with_both_killed_settle_ends_it() {
    each_case(AT_ONCE, &on_each_server(2), |_, &(site, place, end)| {
        let site = site();
        if let Some(schema) = &site.schema {
            schema.query_as_app(GROWN);
        }
        let target = Target::new(site);
        let run = target.deploy_until(place, &["good"]);
        target.kill_both(run);
        target.tells("unsettled");
        target.backstay(&["status", "--exit-code"]).is(30);
        let settled = target.cut(|| target.backstay(&["settle", "--json"])).is(end.code());
        assert_eq!(settled.outcome()["outcome"], end.as_str());
        target.judge(end);
    });
}

#[test]
fn with_both_killed_the_next_deploy_settles_first_and_goes_on() {
    let target = Target::new(Site::with_mariadb());
    target.start(&["bad"]).wait().is(10);
    target.judge(End::RolledBack);
    let run = target.deploy_until("after-migrate", &["good"]);
    target.kill_both(run);
    target.configure("");
    target.deploy_of(&["good"], "3333333", &[]).is(0).says("is settled: rolled-back");
    assert!(target.get("/").1.contains("3333333"));
    let journals = target.journals();
    assert!(journals[journals.len() - 2].contains(" ended rolled-back "));
}

#[test]
fn abort_from_elsewhere_gives_everything_back() {
    let target = Target::new(Site::with_mariadb());
    target.backstay(&["abort"]).is(0).says("no run is in progress");
    let run = target.deploy_until("after-migrate", &["good"]);
    target.tells_everywhere("running");
    target.cut(|| target.backstay(&["abort", "--json"])).is(11);
    run.wait().is(11);
    target.judge(End::RolledBack);
    target.tells_everywhere("rolled-back");
}

#[test]
fn a_killed_link_is_opened_again_and_the_deploy_goes_on() {
    let target = Target::new(Site::with_mariadb());
    let run = target.deploy_until("after-migrate", &["good"]);
    target.cut(|| target.kill("backstay arm"));
    target.go_on("after-migrate");
    let run = run.wait().is(0);
    assert!(run.stdout.contains("\"event\":\"link\",\"run\""), "{}", run.stdout);
    target.judge(End::Committed);
}

#[test]
fn with_lost_wait_a_running_step_ends_before_the_verdict_decides() {
    let target = Target::new(Site::with_mariadb());
    let log = target.marks.join("log");
    target.configure(&format!(
        "runner: {{ lease: 15s, lost: wait }}\nhooks:\n  after-migrate: [ \"touch {0}/up; sleep 17; echo whole >>{1}\" ]\n",
        target.marks.display(),
        log.display()
    ));
    let run = target.start(&["good"]);
    eventually("the hook runs", || target.marks.join("up").exists());
    target.cut(|| run.signal("-KILL"));
    run.wait();
    eventually("the hook was not ended", || log.exists());
    target.judge(End::RolledBack);
    target.backstay(&["status"]).says("no sign of life");
}

/// A deploy whose artifact takes a while to send, with bytes of it on the target.
fn uploading(target: &Target) -> Running {
    let artifact = target.artifact(&["good"], "2222222");
    let script = "head -c 12000000 /dev/urandom >\"$1/blob\"";
    let made = std::process::Command::new("sh").args(["-euc", script, "sh"]).arg(&artifact).status();
    assert!(made.expect("sh runs").success());
    let artifact = artifact.display().to_string();
    let run = Site::start(target, &["deploy", "--json", "--artifact", &artifact, "--revision", "2222222"]);
    // the newest run's folder, as soon as bytes are in it
    eventually("bytes arrive", || {
        let newest = target.run_id();
        newest.ends_with("2222222") && !target.list(&format!(".backstay/runs/{newest}/upload")).is_empty()
    });
    run
}

#[test]
fn a_runner_killed_while_it_uploads_leaves_no_half_release() {
    let target = Target::new(Site::with_mariadb());
    let run = uploading(&target);
    target.cut(|| run.signal("-KILL"));
    run.wait();
    assert!(!target.journals().last().expect("it has begun").contains(" end 01-release 0"));
    target.judge(End::RolledBack);
    target.deploy_of(&["good"], "3333333", &[]).is(0);
}

#[test]
fn sigint_while_the_artifact_is_sent_gives_everything_back() {
    let target = Target::new(Site::with_mariadb());
    let run = uploading(&target);
    target.cut(|| run.signal("-INT"));
    let outcome = run.wait().is(11).outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("cancelled"), &json!("untouched")));
    target.judge(End::RolledBack);
    target.deploy_of(&["good"], "3333333", &[]).is(0);
}

#[test]
fn a_runner_killed_while_it_arms_leaves_a_run_that_ends_or_none() {
    // at once, and a little later, when the executor may or may not have begun
    each_case(2, &[("at once", 0), ("80 ms later", 80)], |_, &delay_ms| {
        let target = Target::new(Site::with_mariadb());
        let run = target.start(&["good"]);
        eventually("the plan arrives", || {
            !target.list(".backstay/incoming").is_empty() || target.list(".backstay/runs").len() == 2
        });
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        target.cut(|| run.signal("-KILL"));
        run.wait();
        eventually("it has ended, or never began", || {
            // in this order: what is not incoming any more has its executor
            target.list(".backstay/incoming").is_empty() && target.executors().is_empty()
        });
        if target.run_id().ends_with("2222222") {
            target.judge(End::RolledBack);
        }
        assert_eq!(target.data(), target.before);
        target.deploy_of(&["good"], "3333333", &[]).is(0);
    });
}
