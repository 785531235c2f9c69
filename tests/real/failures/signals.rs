//! A signal to the runner: Ctrl-C, a cancelled job.

use serde_json::json;

use super::{End, PLACES, Target};
use crate::{
    cases::each_case,
    support::{Site, eventually},
};

#[test]
fn sigint_gives_everything_back_in_any_phase_before_the_commit_and_changes_nothing_after_it() {
    each_case(PLACES.len(), &PLACES, |place, &end| {
        let target = Target::new(Site::with_mariadb());
        let run = target.deploy_until(place, &["good"]);
        target.cut(|| run.signal("-INT"));
        let (code, outcome) = if end == End::Committed { (0, "committed") } else { (11, "cancelled") };
        if end == End::Committed {
            target.go_on(place);
        }
        let run = run.wait().is(code);
        assert_eq!(run.outcome()["outcome"], json!(outcome));
        println!("{}", run.stderr);
        target.judge(end);
    });
}

#[test]
fn sigint_in_the_middle_of_a_statement_ends_it_on_the_server_too() {
    let target = Target::new(Site::with_mariadb());
    let run = target.start(&["long"]);
    eventually("the server works on the statement", || target.schema().works_on("SLEEP"));
    target.cut(|| run.signal("-INT"));
    let outcome = run.wait().is(11).outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("cancelled"), &json!("restored")));
    target.judge(End::RolledBack);
    assert!(!target.schema().works_on("SLEEP"));
}

#[test]
fn a_second_signal_ends_the_command_and_the_target_goes_on() {
    let target = Target::new(Site::with_mariadb());
    // an undo that takes longer than anybody waits
    let go = target.marks.join("go");
    target.configure(&format!(
        "hooks:\n  before-migrate: [ {{ do: \"true\", undo: \"until [ -e {} ]; do sleep 0.05; done\" }} ]\n",
        go.display()
    ));
    let run = target.start(&["slow"]);
    eventually("the migration has changed something", || target.data() != target.before);
    target.cut(|| run.signal("-INT"));
    eventually("the undo has begun", || target.journals().last().is_some_and(|journal| journal.contains(" undo ")));
    let began = std::time::Instant::now();
    run.signal("-TERM");
    let run = run.wait().is(30);
    assert!(began.elapsed().as_secs() < 5);
    assert_eq!(run.outcome()["outcome"], "in-doubt");
    println!("{}", run.stderr);
    std::fs::write(go, "").expect("ours");
    target.judge(End::RolledBack);
}
