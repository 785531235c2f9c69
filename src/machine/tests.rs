//! What the runner makes of what it is told, without a target.

use super::{Effect, Finish, Follow, Goal, Input, Job, LinkLine, Role, State, outcome, step};
use crate::{
    journal::{Direction, Entry, Fact, RunState},
    model::{Data, EventKind, Outcome},
    plan::{
        About, Summary,
        tests::{config, request},
    },
    scripts::Reply,
};

const RUN: &str = "20261123T101500Z-3f2a1c9";

fn reported(name: &str, value: &str) -> Fact {
    Fact::Reported { name: name.to_owned(), value: value.to_owned() }
}

fn job(goal: Goal) -> Job {
    Job { config: config(""), request: request(), goal }
}

/// The look at a target where nothing is in the way.
fn nothing_found() -> Input {
    Input::Probed { reply: Box::new(Reply::parse(b"complete\tyes\n")), baseline: vec![] }
}

fn answer(word: &str, rest: &str) -> Input {
    Input::Line(LinkLine::Answer(word.to_owned(), rest.to_owned()))
}

/// How a command ends that is told this.
#[track_caller]
fn end(job: &Job, inputs: Vec<Input>) -> Finish {
    let mut state = State::Connecting;
    for input in inputs {
        let (next, effects) = step(state, job, 0, input);
        if let Some(Effect::Finish(finish)) = effects.into_iter().last() {
            return finish;
        }
        state = next;
    }
    panic!("it goes on: {state:?}")
}

fn journal(facts: Vec<Fact>) -> RunState {
    let mut state = RunState::default();
    for (seq, fact) in (1..).zip(facts) {
        state.apply(&Entry { seq, at_ms: 0, fact });
    }
    state
}

#[test]
fn what_became_of_the_data_is_what_the_scripts_reported() {
    let ended = |direction| Fact::Ended { direction };
    let committed = |facts: Vec<Fact>| [facts, vec![Fact::Commit, ended(Direction::Committed)]].concat();
    let back = |facts: Vec<Fact>| [facts, vec![Fact::Restored, ended(Direction::RolledBack)]].concat();
    let begin = |step: &str| Fact::Begin(step.to_owned());
    for (facts, data) in [
        (committed(vec![]), Data::Untouched),
        (committed(vec![begin("08-migrate"), reported("data", "migrated")]), Data::Migrated),
        // a rollback after the commit: of the data, of the code alone
        (
            committed(vec![begin("07-restore"), reported("data", "migrated"), reported("data", "restored")]),
            Data::Restored,
        ),
        (committed(vec![begin("00-switch"), reported("data", "kept-migrated")]), Data::KeptMigrated),
        (back(vec![begin("00-switch"), reported("data", "kept-migrated")]), Data::Untouched),
        (back(vec![begin("08-migrate"), reported("data", "migrated"), reported("data", "restored")]), Data::Restored),
        (back(vec![begin("08-migrate"), reported("data", "migrated")]), Data::KeptMigrated),
    ] {
        assert_eq!(outcome(&journal(facts.clone()), &About::default(), RUN).data, data, "{facts:?}");
    }
}

#[test]
fn a_target_that_turns_a_run_away_twice_is_not_asked_for_ever() {
    let twice = |word: &str| {
        let again = || [nothing_found(), answer(word, RUN)];
        let inputs = [Input::Connected].into_iter().chain(again()).chain(again()).collect();
        let Finish::Outcome(report) = end(&job(Goal::Deploy), inputs) else { panic!("no outcome") };
        report
    };
    let report = twice("locked");
    assert_eq!(report.outcome, Outcome::Locked);
    assert!(report.reason.contains("/srv/shop/.backstay/lock"), "{}", report.reason);
    for word in ["unsettled", "stuck", "key"] {
        let report = twice(word);
        assert_eq!(report.outcome, Outcome::Refused);
        assert!(report.reason.contains(RUN), "{}", report.reason);
    }
}

#[test]
fn maintenance_is_not_said_to_be_seen_off_where_it_was_not() {
    let off = |facts: Vec<Fact>| {
        let mut follow = Follow::new(RUN, Role::Owner, Summary::default(), 0);
        let facts = [vec![reported("maintenance", "on"), reported("maintenance", "off")], facts].concat();
        let entries = (1..).zip(facts).map(|(seq, fact)| Entry { seq, at_ms: if seq == 1 { 0 } else { 100 }, fact });
        let effects: Vec<Effect> = entries.flat_map(|entry| follow.entry(&entry)).collect();
        let mut offs = Vec::new();
        for effect in &effects {
            if let Effect::Emit(EventKind::MaintenanceOff { downtime_ms, seen }) = effect {
                offs.push((*downtime_ms, *seen));
            }
        }
        assert_eq!(offs.len(), 1, "{effects:?}");
        offs[0]
    };
    let finished = Fact::Finished { step: "01-maintenance-off".to_owned(), code: 0, note: String::new() };
    assert_eq!(off(vec![reported("lifted", "seen"), finished.clone()]), (100, true));
    assert_eq!(off(vec![reported("lifted", "not-seen"), finished.clone()]), (100, false));
    assert_eq!(off(vec![finished]), (100, false));
}

#[test]
fn every_end_says_where_the_site_was_not_seen_open() {
    let abort = Fact::Abort { kind: "step".to_owned(), step: "08-migrate".to_owned(), text: "exit 1".to_owned() };
    let reason = |facts: Vec<Fact>| outcome(&journal(facts), &About::default(), RUN).reason;
    let not_seen = "; maintenance is lifted, but the site was not seen open";
    let ended = |direction| Fact::Ended { direction };
    let back = vec![abort, Fact::Restored, reported("lifted", "not-seen"), ended(Direction::RolledBack)];
    assert_eq!(reason(back), format!("exit 1{not_seen}"));
    let committed = vec![Fact::Commit, reported("lifted", "not-seen"), ended(Direction::Committed)];
    assert!(reason(committed).ends_with(not_seen));
}

#[test]
fn with_nothing_to_do_there_is_an_outcome_too() {
    for goal in [Goal::Settle { retry: false, accept: None }, Goal::Abort] {
        let found = Reply::parse(b"current\treleases/one\nversion\t8\ndown\tyes\ncomplete\tyes\n");
        let probed = Input::Probed { reply: Box::new(found), baseline: vec![] };
        let Finish::Nothing(report) = end(&job(goal), vec![Input::Connected, probed]) else { panic!("nothing") };
        assert_eq!((report.outcome.exit_code(), report.committed, report.data), (0, false, Data::Untouched));
        assert_eq!((report.release.as_deref(), report.maintenance), (Some("releases/one"), true));
    }
}
