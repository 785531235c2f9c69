//! What the runner makes of what it is told, without a target.

use super::{Effect, Finish, Goal, Input, Job, LinkLine, State, outcome, step};
use crate::{
    journal::{Direction, Entry, Fact, RunState},
    model::{Data, Outcome},
    plan::{
        About,
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
        match end(&job(Goal::Deploy), inputs) {
            Finish::Outcome(report) => report,
            other => panic!("no outcome: {other:?}"),
        }
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
