//! The runner, the executor, or both are killed; a signal comes; the link goes.

use serde_json::json;

use super::support::{Site, as_user, eventually};

/// A hook in each phase of a deploy that migrates, and whether the run has committed there.
const PHASES: [(&str, bool); 7] = [
    ("before-workers-stop", false),
    ("before-maintenance-on", false),
    ("before-protect", false),
    ("before-migrate", false),
    ("after-migrate", false),
    ("before-smoke", false),
    ("after-commit", true),
];

/// Each phase on a site of its own, all at a time: most of it is waiting.
fn in_every_phase(claim: impl Fn(&str, bool) + Sync) {
    std::thread::scope(|scope| {
        for (phase, is_committed) in PHASES {
            let claim = &claim;
            scope.spawn(move || claim(phase, is_committed));
        }
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
fn a_killed_runner_leaves_the_target_to_end_alone() {
    in_every_phase(|phase, is_committed| {
        let site = Site::with_first();
        let before = site.data();
        let told = site.marks.join("told");
        site.configure(&format!(
            "notify: {{ on: [committed, rolled-back, stuck], command: \"echo $BACKSTAY_OUTCOME >>{}\" }}\n{}",
            told.display(),
            site.pause(phase)
        ));
        let run = site.start_deploy(&["good"], "2222222", &[]);
        site.await_pause(phase);
        run.signal("-KILL");
        run.wait();
        if is_committed {
            site.go_on(phase);
        }
        site.await_end();
        site.await_no_executor();
        assert_one_of_two_states(&site, &before, is_committed, phase);
        let end = if is_committed { "committed" } else { "rolled-back" };
        assert_eq!(std::fs::read_to_string(told).expect("somebody was told"), format!("{end}\n"), "{phase}");
        site.backstay(&["status"]).is(0).says(end);
        site.backstay(&["settle"]).is(0).says("no unfinished run");
        if !is_committed {
            site.backstay(&["status"]).says("no sign of life");
        }
    });
}

#[test]
fn a_killed_executor_is_settled_by_the_runner_at_once() {
    in_every_phase(|phase, is_committed| {
        let site = Site::with_first();
        let before = site.data();
        site.configure(&site.pause(phase));
        let run = site.start_deploy(&["good"], "2222222", &[]);
        site.await_pause(phase);
        site.kill_executor();
        let run = run.wait().is(if is_committed { 0 } else { 10 });
        run.says("the executor had died");
        assert_one_of_two_states(&site, &before, is_committed, phase);
    });
}

#[test]
fn with_both_killed_settle_ends_it() {
    in_every_phase(|phase, is_committed| {
        let site = Site::with_first();
        let before = site.data();
        site.configure(&site.pause(phase));
        let run = site.start_deploy(&["good"], "2222222", &[]);
        site.await_pause(phase);
        run.signal("-KILL");
        site.kill_executor();
        run.wait();
        site.backstay(&["status", "--exit-code"]).is(30).says("unsettled");
        let settled = site.backstay(&["settle", "--json"]).is(if is_committed { 0 } else { 10 });
        assert_eq!(
            settled.outcome()["outcome"],
            json!(if is_committed { "committed" } else { "rolled-back" }),
            "{phase}"
        );
        assert_one_of_two_states(&site, &before, is_committed, phase);
    });
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
