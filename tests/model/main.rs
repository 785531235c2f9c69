//! The protocol of runner, executor and recovery as a model, and every state that it can reach.
//!
//! The runner in it is `backstay::machine` itself. The executor is a small model of `src/scripts/executor/*.sh`; that the
//! sh does what the model does is what `tests/executor` is for. Everything in the world takes its steps in any order:
//! the executor (each line written, and then synced), the script that runs, the network, the runner, the guard; and at any
//! moment things go wrong: a kill of the runner, of the executor, of a script; a script that leaves a process behind,
//! which may be another user's; power that fails, with what was not synced lost or not; a disk that is full or does
//! not sync, until it is mended; a link that breaks, with what was on its way lost or late; a verdict that arrives twice; a
//! signal; a lease that runs out although the runner lives.

#![expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all their combinations are tried")]

mod executor;
mod journal;
mod mutation;
mod properties;
mod runner;
mod world;

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    time::Instant,
};

use stateright::{Checker, HasDiscoveries, Model};

use self::{
    mutation::Mutation,
    properties::{
        ENDS, GUARDED, NO_OVERWRITE, OLD_DATA_OLD_CODE, ONE_DECISION, ONE_SCRIPT, ONE_VERDICT, OPEN_OVER_PROVEN,
        TRUE_EXIT, TRUE_RECORD,
    },
    world::{Protocol, World},
};

/// Two faults in one run, of whatever kinds and wherever; with `MODEL_FAULTS` so many.
#[test]
fn whatever_goes_wrong_a_run_ends_in_one_of_two_states_or_stuck() {
    let faults = std::env::var("MODEL_FAULTS").map_or(2, |faults| faults.parse().expect("a number"));
    check(Protocol { faults, persons: 0, mutation: None });
}

#[test]
fn a_person_who_takes_up_a_stuck_run_brings_it_to_an_end() {
    check(Protocol { faults: 1, persons: 2, mutation: None });
}

/// A rule of the protocol that is left out is missed by this property, with so many faults and persons.
const MUTATIONS: [(Mutation, (u8, u8), &str); 13] = [
    (Mutation::NoLease, (1, 0), ENDS),
    (Mutation::TwoVerdicts, (1, 0), ONE_VERDICT),
    (Mutation::LiftBeforeRestored, (1, 0), OPEN_OVER_PROVEN),
    (Mutation::BelieveEffects, (1, 0), OPEN_OVER_PROVEN),
    (Mutation::NoStepLock, (1, 0), ONE_SCRIPT),
    (Mutation::AppendUnchecked, (1, 0), TRUE_RECORD),
    (Mutation::BelieveUnsynced, (2, 0), OPEN_OVER_PROVEN),
    (Mutation::GuardGoesFirst, (1, 0), GUARDED),
    (Mutation::GuardComesLate, (2, 1), GUARDED),
    (Mutation::UndoAfterCommit, (1, 0), ONE_DECISION),
    (Mutation::UndoAfterCommit, (1, 0), NO_OVERWRITE),
    (Mutation::SaidIsDone, (1, 0), TRUE_EXIT),
    (Mutation::UndoInOrder, (0, 0), OLD_DATA_OLD_CODE),
];

#[test]
fn each_rule_that_is_left_out_is_missed() {
    for (mutation, (faults, persons), property) in MUTATIONS {
        let protocol = Protocol { faults, persons, mutation: Some(mutation) };
        let checker = protocol.checker().finish_when(HasDiscoveries::AnyOf(BTreeSet::from([property])));
        let checker = checker.spawn_dfs().join();
        let Some(path) = checker.discovery(property) else {
            panic!("without this rule nothing is amiss: {mutation:?}, {property}");
        };
        let (steps, states) = (path.into_actions().len(), checker.unique_state_count());
        println!("{mutation:?}: not {property:?} after {steps} steps, {states} states");
    }
    let missing: BTreeSet<&str> = MUTATIONS.iter().map(|(_, _, property)| *property).collect();
    assert_eq!(missing, properties::safety().into_iter().collect(), "every property is needed");
}

/// What is repeated for ever without an end would be no end. So that "nothing more can happen" is reached from everywhere, no state
/// may come back.
#[test]
fn no_state_comes_back() {
    let protocol = Protocol { faults: 1, persons: 1, mutation: None };
    let hash = |world: &World| {
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        hasher.finish()
    };
    let mut is_left = HashMap::new();
    let mut path: Vec<(World, Vec<World>)> =
        protocol.init_states().into_iter().map(|world| (world.clone(), protocol.next_states(&world))).collect();
    while let Some((world, following)) = path.last_mut() {
        let Some(next) = following.pop() else {
            is_left.insert(hash(world), true);
            path.pop();
            continue;
        };
        match is_left.get(&hash(&next)) {
            Some(true) => {}
            Some(false) => panic!("it comes back after {} steps: {next:?}", path.len()),
            None => {
                is_left.insert(hash(&next), false);
                let following = protocol.next_states(&next);
                path.push((next, following));
            }
        }
    }
    assert!(is_left.len() > 10_000, "{}", is_left.len());
}

/// Checks every reachable state, and prints how many there are.
fn check(protocol: Protocol) {
    let began = Instant::now();
    let checker = protocol.checker().spawn_bfs().join();
    let (states, seconds) = (checker.unique_state_count(), began.elapsed().as_secs_f64());
    println!("{states} states, {} steps deep, in {seconds:.1} s: {protocol:?}", checker.max_depth());
    for name in properties::safety() {
        if let Some(path) = checker.discovery(name) {
            panic!("{name}\n{path}\n{:?}", path.last_state());
        }
    }
    for name in properties::possible() {
        assert!(checker.discovery(name).is_some(), "it never happens in the model: {name}");
    }
}
