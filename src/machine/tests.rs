//! What the runner makes of what it is told, without a target.

use super::outcome;
use crate::{
    journal::{Direction, Entry, Fact, RunState},
    model::Data,
    plan::About,
};

const RUN: &str = "20261123T101500Z-3f2a1c9";

fn reported(name: &str, value: &str) -> Fact {
    Fact::Reported { name: name.to_owned(), value: value.to_owned() }
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
