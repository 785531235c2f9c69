//! The runner, the executor, or both are killed; a signal comes; the link goes. On MariaDB and on PostgreSQL.

use serde_json::json;

use super::{End, PLACES, Target};
use crate::{
    cases::each_case,
    support::{Site, as_user, eventually},
};

/// Each place on each server, all of one at a time: most of it is waiting.
fn on_each_server(claim: impl Fn(fn() -> Site, &str, End) + Sync) {
    for site in [Site::with_mariadb, Site::with_postgres] {
        each_case(PLACES.len(), &PLACES, |place, &end| claim(site, place, end));
    }
}

#[test]
fn a_killed_runner_leaves_the_target_to_end_alone() {
    on_each_server(|site, place, end| {
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
    on_each_server(|site, place, end| {
        let target = Target::new(site());
        let run = target.deploy_until(place, &["good"]);
        target.cut(|| target.kill_executor());
        run.wait().is(end.code()).says("the executor had died");
        target.judge(end);
    });
}

#[test]
fn with_both_killed_settle_ends_it() {
    on_each_server(|site, place, end| {
        let target = Target::new(site());
        let run = target.deploy_until(place, &["good"]);
        target.kill_both(run);
        target.tells("unsettled");
        target.backstay(&["status", "--exit-code"]).is(30);
        let settled = target.cut(|| target.backstay(&["settle", "--json"])).is(end.code());
        assert_eq!(settled.outcome()["outcome"], end.as_str());
        target.judge(end);
    });
}

/// What has to hold when a run was left to the target.
#[track_caller]
fn assert_one_of_two_states(site: &Site, before: &str, is_committed: bool, phase: &str) {
    let (status, page) = site.get("/");
    assert_eq!(status, 200, "{phase}: {page}");
    let revision = if is_committed { "2222222" } else { "1111111" };
    assert!(page.contains(revision), "{phase}: {page}");
    assert_eq!(site.data() == before, !is_committed, "{phase}");
    site.await_no_executor();
    assert_eq!(site.crontab(), "", "{phase}");
}

#[test]
fn with_both_killed_the_next_deploy_settles_first_and_goes_on() {
    let site = Site::with_first();
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["bad"], "2222222", &[]);
    run.wait().is(10);
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    run.signal("-KILL");
    site.kill_executor();
    run.wait();
    let next = site.deploy_of(&["good"], "3333333", &[]).is(0);
    next.says("is settled: rolled-back");
    assert!(site.get("/").1.contains("3333333"));
    let journals = site.journals();
    assert!(journals[journals.len() - 2].contains(" ended rolled-back "));
}

#[test]
fn sigint_during_migrate_gives_everything_back() {
    let site = Site::with_first();
    let before = site.data();
    let run = site.start_deploy(&["slow"], "2222222", &[]);
    eventually("the migration has changed something", || site.data() != before);
    run.signal("-INT");
    let run = run.wait().is(11);
    let outcome = run.outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("cancelled"), &json!("restored")));
    assert_one_of_two_states(&site, &before, false, "migrate");
}

#[test]
fn a_second_signal_ends_the_command_and_the_target_goes_on() {
    let site = Site::with_first();
    let before = site.data();
    // an undo that takes longer than anybody waits
    let go = site.marks.join("go");
    site.configure(&format!(
        "hooks:\n  before-migrate: [ {{ do: \"true\", undo: \"until [ -e {} ]; do sleep 0.05; done\" }} ]\n",
        go.display()
    ));
    let run = site.start_deploy(&["slow"], "2222222", &[]);
    eventually("the migration has changed something", || site.data() != before);
    run.signal("-INT");
    eventually("the undo has begun", || site.journals().last().is_some_and(|journal| journal.contains(" undo ")));
    let began = std::time::Instant::now();
    run.signal("-TERM");
    let run = run.wait().is(30);
    assert!(began.elapsed().as_secs() < 5);
    assert_eq!(run.outcome()["outcome"], "in-doubt");
    std::fs::write(go, "").expect("ours");
    site.await_end();
    site.await_no_executor();
    assert_one_of_two_states(&site, &before, false, "migrate");
}

#[test]
fn abort_from_elsewhere_gives_everything_back() {
    let site = Site::with_first();
    let before = site.data();
    site.backstay(&["abort"]).is(0).says("no run is in progress");
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    site.backstay(&["abort", "--json"]).is(11);
    run.wait().is(11);
    assert_one_of_two_states(&site, &before, false, "after-migrate");
}

#[test]
fn a_failing_undo_is_stuck_and_has_two_ways_out() {
    for way in ["retry", "accept"] {
        let site = Site::with_first();
        let before = site.data();
        let mended = site.marks.join("mended");
        let told = site.marks.join("told");
        site.configure(&format!(
            "hooks:\n  after-migrate: [ {{ do: \"exit 1\", undo: \"true\" }} ]\n  before-migrate: [ {{ do: \"true\", undo: \"test -e {}\" }} ]\n\
             notify: {{ on: [stuck], command: \"echo $BACKSTAY_OUTCOME >>{}\" }}\n",
            mended.display(),
            told.display()
        ));
        let run = site.deploy_of(&["good"], "2222222", &[]).is(20);
        let outcome = run.outcome();
        assert_eq!((&outcome["maintenance"], &outcome["failed_step"]), (&json!(true), &json!("before-migrate")));
        run.says("settle -e test --retry").says("STUCK");
        assert_eq!(site.get("/").0, 503);
        assert_eq!(std::fs::read_to_string(&told).expect("somebody was told"), "stuck\n");
        site.deploy("3333333", &[]).is(3).says("is stuck");
        site.backstay(&["settle"]).is(20);
        site.backstay(&["settle", "--retry"]).is(20);
        if way == "retry" {
            std::fs::write(&mended, "").expect("ours");
            site.backstay(&["settle", "--retry", "--json"]).is(10);
            assert_one_of_two_states(&site, &before, false, "stuck");
        } else {
            // a person has looked: the data is migrated, the old code is live
            site.backstay(&["settle", "--accept", "rolled-back"]).is(2).says("--yes");
            site.backstay(&["settle", "--accept", "rolled-back", "--yes"]).is(10);
            assert_eq!(site.get("/").0, 200);
            assert!(site.journals().last().expect("a run").contains(" accept rolled-back tester"));
        }
        site.backstay(&["settle"]).is(0);
    }
}

#[test]
fn a_lost_link_comes_back_and_the_deploy_goes_on() {
    let site = Site::with_first();
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    // sshd's processes for this user, and this site's link among them
    let ours = format!("{}", site.path.display());
    as_user(&format!(
        "for p in /proc/[0-9]*; do if tr '\\000' ' ' <$p/cmdline 2>/dev/null | grep -q 'backstay ar[m] {ours} '; then kill -KILL ${{p#/proc/}}; fi; done"
    ));
    site.go_on("after-migrate");
    let run = run.wait().is(0);
    assert!(run.stdout.contains("\"event\":\"link\",\"run\""), "{}", run.stdout);
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
}

/// An artifact that takes a while to send.
fn large_artifact(site: &Site) -> String {
    let artifact = site.artifact(&["good"], "2222222");
    let script = "head -c 12000000 /dev/urandom >\"$1/blob\"";
    let made = std::process::Command::new("sh").args(["-euc", script, "sh"]).arg(&artifact).status();
    assert!(made.expect("sh runs").success());
    artifact.display().to_string()
}

/// Nothing of the run is left but its record.
#[track_caller]
fn assert_nothing_began(site: &Site, before: &str) {
    site.await_no_executor();
    assert_eq!(site.list("releases").len(), 1);
    assert_eq!(site.list(".backstay/incoming"), Vec::<String>::new());
    assert_one_of_two_states(site, before, false, "nothing began");
    site.deploy_of(&["good"], "3333333", &[]).is(0);
}

#[test]
fn a_runner_killed_while_it_uploads_leaves_no_half_release() {
    let site = Site::with_first();
    let before = site.data();
    let artifact = large_artifact(&site);
    let run = site.start(&["deploy", "--json", "--artifact", &artifact, "--revision", "2222222"]);
    // the newest run's folder, as soon as bytes are in it
    eventually("bytes arrive", || {
        let newest = site.list(".backstay/runs").pop().unwrap_or_default();
        newest.ends_with("2222222") && !site.list(&format!(".backstay/runs/{newest}/upload")).is_empty()
    });
    run.signal("-KILL");
    run.wait();
    assert!(!site.journals().last().expect("it has begun").contains(" end 01-release 0"));
    site.await_end();
    assert!(site.journals().last().expect("it has begun").contains(" ended rolled-back"));
    assert_nothing_began(&site, &before);
}

#[test]
fn a_runner_killed_while_it_arms_leaves_a_run_that_ends_or_none() {
    // at once, and a little later, when the executor may or may not have begun
    std::thread::scope(|scope| {
        for delay_ms in [0, 80] {
            scope.spawn(move || {
                let site = Site::with_first();
                let before = site.data();
                let run = site.start_deploy(&["good"], "2222222", &[]);
                eventually("the plan arrives", || {
                    !site.list(".backstay/incoming").is_empty() || site.list(".backstay/runs").len() == 2
                });
                std::thread::sleep(std::time::Duration::from_millis(delay_ms));
                run.signal("-KILL");
                run.wait();
                eventually("it has ended, or never began", || {
                    // in this order: what is not incoming any more has its executor
                    site.list(".backstay/incoming").is_empty() && site.executors().is_empty()
                });
                assert!(site.journals().iter().all(|journal| journal.contains(" ended ")), "{delay_ms} ms");
                assert_nothing_began(&site, &before);
            });
        }
    });
}

#[test]
fn with_lost_wait_a_running_step_ends_before_the_verdict_decides() {
    let site = Site::with_first();
    let before = site.data();
    let log = site.marks.join("log");
    site.configure(&format!(
        "runner: {{ lease: 15s, lost: wait }}\nhooks:\n  after-migrate: [ \"touch {0}/up; sleep 17; echo whole >>{1}\" ]\n",
        site.marks.display(),
        log.display()
    ));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    eventually("the hook runs", || site.marks.join("up").exists());
    run.signal("-KILL");
    run.wait();
    eventually("the hook was not ended", || log.exists());
    site.await_end();
    assert_one_of_two_states(&site, &before, false, "wait");
    site.backstay(&["status"]).says("no sign of life");
}

#[test]
fn a_cancel_that_comes_after_the_commit_changes_nothing() {
    let site = Site::with_first();
    site.configure(&site.pause("after-commit"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-commit");
    run.signal("-INT");
    site.go_on("after-commit");
    let outcome = run.wait().is(0).outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("committed"), &json!("migrated")));
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
}

#[test]
fn sigint_while_the_artifact_is_sent_gives_everything_back() {
    let site = Site::with_first();
    let before = site.data();
    let artifact = large_artifact(&site);
    let run = site.start(&["deploy", "--json", "--artifact", &artifact, "--revision", "2222222"]);
    eventually("bytes arrive", || {
        let newest = site.list(".backstay/runs").pop().unwrap_or_default();
        newest.ends_with("2222222") && !site.list(&format!(".backstay/runs/{newest}/upload")).is_empty()
    });
    run.signal("-INT");
    let outcome = run.wait().is(11).outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("cancelled"), &json!("untouched")));
    assert_nothing_began(&site, &before);
}
