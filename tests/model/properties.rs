//! What has to hold of every state, and what has to be possible.

use backstay::model::Outcome;
use stateright::{Expectation, Model, Property};

use super::{
    journal::End,
    runner::Runner,
    world::{Data, Protocol, Site, Word, World},
};

pub const ONE_DECISION: &str = "never both commit and restored";
pub const ONE_SCRIPT: &str = "never two scripts of a run at once";
pub const OPEN_OVER_PROVEN: &str = "users are let in over proven data alone";
pub const NO_OVERWRITE: &str = "what users write after that is never overwritten";
pub const OLD_DATA_OLD_CODE: &str = "the new code never meets the old data";
pub const ONE_VERDICT: &str = "the first verdict counts and no other";
pub const TRUE_RECORD: &str = "the last record says what was decided";
pub const TRUE_EXIT: &str = "the runner says what the journal says";
pub const GUARDED: &str = "a run without an executor has somebody who comes";
pub const ENDS: &str = "where nothing more can happen the run has ended and the locks are free";

/// The properties that a broken protocol violates.
pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(ONE_DECISION, |_, world: &World| {
            let journal = world.journal.now();
            !(journal.commit && journal.restored)
        }),
        Property::always(ONE_SCRIPT, |_, world: &World| world.processes.len() <= 1),
        Property::always(OPEN_OVER_PROVEN, |_, world: &World| {
            is_accepted(world) || world.site.is_down || is_proven(world)
        }),
        Property::always(NO_OVERWRITE, |_, world: &World| is_accepted(world) || !world.seen.overwritten),
        Property::always(OLD_DATA_OLD_CODE, |_, world: &World| {
            is_accepted(world) || !(world.site.is_new_code && world.site.data != Data::New)
        }),
        Property::always(ONE_VERDICT, |_, world: &World| {
            let first = world.seen.first_verdict;
            world.verdict == first && (!world.journal.now().commit || first == Some(Word::Commit))
        }),
        Property::always(TRUE_RECORD, |_, world: &World| {
            let journal = world.journal.now();
            match journal.ended {
                Some(_) if is_accepted(world) => true,
                Some(End::Committed) => world.journal.synced.commit,
                Some(End::RolledBack) => world.journal.synced.restored,
                Some(End::Stuck) | None => true,
            }
        }),
        Property::always(TRUE_EXIT, |_, world: &World| is_accepted(world) || says_what_is(world)),
        Property::always(GUARDED, |_, world: &World| {
            let journal = world.journal.now();
            world.executor.is_some() || world.guard || journal.ended.is_some() || world.is_discarded
        }),
        Property::always(ENDS, |protocol: &Protocol, world: &World| {
            let mut actions = Vec::new();
            protocol.actions(world, &mut actions);
            !actions.is_empty() || has_ended(world)
        }),
        Property::sometimes("committed", |_, world: &World| ended(world, End::Committed)),
        Property::sometimes("rolled back", |_, world: &World| ended(world, End::RolledBack)),
        Property::sometimes("committed after a restart", |_, world: &World| {
            ended(world, End::Committed) && world.has_rebooted
        }),
        Property::sometimes("rolled back with no fault", |protocol: &Protocol, world: &World| {
            ended(world, End::RolledBack) && world.faults == protocol.faults
        }),
        Property::sometimes("stuck", |_, world: &World| ended(world, End::Stuck)),
        Property::sometimes("cancelled", |_, world: &World| left(world) == Some(Outcome::Cancelled)),
        Property::sometimes("in doubt", |_, world: &World| left(world) == Some(Outcome::InDoubt)),
        Property::sometimes("refused", |_, world: &World| left(world) == Some(Outcome::Refused)),
    ]
}

/// The names of those that must never be broken.
pub fn safety() -> Vec<&'static str> {
    all().iter().filter(|property| matches!(property.expectation, Expectation::Always)).map(|p| p.name).collect()
}

/// The names of those that must be possible, so that the others do not hold of nothing.
pub fn possible() -> Vec<&'static str> {
    all().iter().filter(|property| matches!(property.expectation, Expectation::Sometimes)).map(|p| p.name).collect()
}

/// A person has taken the responsibility.
fn is_accepted(world: &World) -> bool {
    world.journal.now().accepted.is_some()
}

/// An open site is the old one that nobody has touched, or the one that a record on the disk stands for.
fn is_proven(world: &World) -> bool {
    let old = Site { is_down: false, data: Data::Old, is_new_code: false };
    let new = Site { is_down: false, data: Data::New, is_new_code: true };
    let synced = &world.journal.synced;
    if !world.seen.lifted {
        return world.site == old;
    }
    (synced.commit && world.site == new) || (synced.restored && world.site == old)
}

fn says_what_is(world: &World) -> bool {
    let Runner::Left { committed, .. } = world.runner else { return true };
    let (synced, now) = (&world.journal.synced, world.journal.now());
    match left(world) {
        Some(Outcome::Committed) => committed && synced.commit && !now.restored,
        Some(Outcome::RolledBack | Outcome::Cancelled) => !committed && synced.restored && !now.commit,
        Some(Outcome::Refused) => !committed && !now.started,
        // they say what was seen, and promise nothing
        Some(Outcome::Stuck | Outcome::InDoubt) | None => true,
        Some(Outcome::Locked) => false,
    }
}

fn left(world: &World) -> Option<Outcome> {
    match &world.runner {
        Runner::Left { outcome, .. } => outcome.map(|outcome| outcome.0),
        Runner::Alive(_) | Runner::Killed => None,
    }
}

fn ended(world: &World, end: End) -> bool {
    world.journal.synced.ended == Some(end)
}

fn has_ended(world: &World) -> bool {
    let is_over = world.is_discarded || world.journal.synced.ended.is_some();
    let is_free = world.executor.is_none() && world.processes.is_empty();
    is_over && is_free && !world.guard && !matches!(world.runner, Runner::Alive(_))
}
