//! How a run ended, from its journal alone.

use crate::{
    journal::{Direction, End, RunState},
    model::{Cause, Data, Fence, Outcome, OutcomeReport, Proof, RunId, RunKind},
    plan::About,
};

/// The outcome of a run; in doubt where its end has not been seen.
pub fn outcome(state: &RunState, about: &About, run: &str) -> OutcomeReport {
    let kind = match &state.end {
        None => Outcome::InDoubt,
        Some(End::Stuck { .. }) => Outcome::Stuck,
        Some(End::Decided(direction)) if !is_decided(state, *direction) => Outcome::InDoubt,
        Some(End::Decided(Direction::Committed)) => Outcome::Committed,
        Some(End::Decided(Direction::RolledBack)) => match &state.abort {
            Some(abort) if abort.kind == "cancelled" => Outcome::Cancelled,
            Some(_) | None => Outcome::RolledBack,
        },
    };
    let is_new = state.committed;
    let (live, other) =
        if is_new { (&about.release, &about.previous_release) } else { (&about.previous_release, &about.release) };
    let is_seen = state.end.is_some();
    OutcomeReport {
        outcome: kind,
        reason: reason(state, about, kind),
        failed_step: failed_step(state, kind),
        cause: cause(state),
        committed: state.committed,
        maintenance: in_maintenance(state),
        data: data(state),
        proof: match state.reported("proof") {
            Some("exact") => Proof::Exact,
            Some("evidence") => Proof::Evidence,
            Some("exclusion") => Proof::Exclusion,
            Some(_) | None => Proof::None,
        },
        fence: match state.reported("fence") {
            Some("exclusive") => Fence::Exclusive,
            Some("cooperative") => Fence::Cooperative,
            Some(_) | None => Fence::None,
        },
        downtime_ms: downtime_ms(state).filter(|_| is_seen),
        rollback_ms: rollback_ms(state).filter(|_| !is_new),
        release: live.clone(),
        previous_release: if is_new { other.clone() } else { live.clone() },
        kind: run_kind(about),
        run: RunId::try_from(run.to_owned()).ok(),
    }
}

/// Whether the record of the decision, or a person's word, stands before an end.
fn is_decided(state: &RunState, direction: Direction) -> bool {
    let has_record = match direction {
        Direction::Committed => state.committed,
        Direction::RolledBack => state.restored,
    };
    has_record || state.accepted_by.is_some()
}

/// What a command found that did nothing: an outcome that touched nothing.
pub fn about_run(
    outcome: Outcome,
    reason: String,
    failed_step: Option<String>,
    release: Option<String>,
) -> OutcomeReport {
    OutcomeReport {
        outcome,
        reason,
        failed_step,
        cause: Cause::default(),
        committed: false,
        maintenance: false,
        data: Data::Untouched,
        proof: Proof::None,
        fence: Fence::None,
        downtime_ms: None,
        rollback_ms: None,
        previous_release: release.clone(),
        release,
        kind: RunKind::default(),
        run: None,
    }
}

fn run_kind(about: &About) -> RunKind {
    if about.command == "rollback" {
        RunKind::Rollback
    } else if about.command == "backup restore" {
        RunKind::Restore
    } else if about.command.starts_with("backup ") {
        RunKind::Beside
    } else if about.release.is_some() && about.previous_release.is_none() {
        RunKind::FirstDeploy
    } else {
        RunKind::Deploy
    }
}

fn reason(state: &RunState, about: &About, kind: Outcome) -> String {
    let why = state.abort.as_ref().map(|abort| abort.text.clone());
    if let (Outcome::Committed | Outcome::RolledBack | Outcome::Cancelled, Some(who)) = (kind, &state.accepted_by) {
        return format!("{who} gave their word for it when it was stuck");
    }
    match kind {
        Outcome::Committed if run_kind(about) == RunKind::Beside => "every step passed".to_owned(),
        Outcome::Committed => with_lifted(state, "every step and every required check passed"),
        Outcome::RolledBack | Outcome::Cancelled => with_lifted(state, why.as_deref().unwrap_or("it was given back")),
        Outcome::Stuck => match &state.end {
            Some(End::Stuck { text, .. }) => {
                why.map_or_else(|| text.clone(), |why| format!("{text} (it was going back because of this: {why})"))
            }
            Some(End::Decided(_)) | None => String::new(),
        },
        Outcome::InDoubt if state.end.is_some() => {
            "its journal has an end without the record of the decision: it cannot be believed".to_owned()
        }
        Outcome::InDoubt => {
            "the end was not seen from here; the target goes on alone, to one of the two states".to_owned()
        }
        Outcome::Refused | Outcome::Locked => why.unwrap_or_default(),
    }
}

fn with_lifted(state: &RunState, reason: &str) -> String {
    match state.reported("lifted") {
        Some("not-seen") => format!("{reason}; maintenance is lifted, but the site was not seen open"),
        Some(_) | None => reason.to_owned(),
    }
}

fn failed_step(state: &RunState, kind: Outcome) -> Option<String> {
    match (kind, &state.end, &state.abort) {
        (Outcome::Committed, _, _) => None,
        (Outcome::RolledBack | Outcome::Cancelled, _, _) if state.accepted_by.is_some() => None,
        (Outcome::Stuck, Some(End::Stuck { at, .. }), _) => Some(at.clone()),
        // the verdict is asked for when all steps are done; what failed then is a check, or nobody gave it
        (_, _, Some(abort)) if abort.step == "await" => Some("smoke".to_owned()),
        (_, _, Some(abort)) => Some(abort.step.clone()),
        (_, _, None) => None,
    }
}

fn cause(state: &RunState) -> Cause {
    match (&state.end, &state.abort) {
        (Some(End::Stuck { .. }), _) | (_, None) => Cause::Failure,
        (_, Some(abort)) if matches!(abort.kind.as_str(), "step" | "smoke" | "upload") => Cause::Failure,
        (_, Some(_)) => Cause::Stop,
    }
}

fn data(state: &RunState) -> Data {
    match (state.committed, state.reported("data")) {
        (true, Some("migrated")) => Data::Migrated,
        (true, Some("kept-migrated")) => Data::KeptMigrated,
        (_, Some("restored")) => Data::Restored,
        (true, _) | (false, Some("untouched")) => Data::Untouched,
        (false, _) if state.has_begun("migrate") || state.has_begun("restore") => Data::KeptMigrated,
        (false, _) => Data::Untouched,
    }
}

fn in_maintenance(state: &RunState) -> bool {
    matches!(state.reported("maintenance"), Some("on" | "kept"))
}

/// From maintenance seen on to maintenance seen off; 0 when users never saw it.
fn downtime_ms(state: &RunState) -> Option<u64> {
    match (state.maintenance_on_ms, state.maintenance_off_ms) {
        (None, _) => Some(0),
        (Some(on), Some(off)) => u64::try_from(off.saturating_sub(on)).ok(),
        (Some(_), None) => None,
    }
}

/// From the decision to undo until users have the old version again.
fn rollback_ms(state: &RunState) -> Option<u64> {
    let until = state.maintenance_off_ms.filter(|_| state.restored).or(state.ended_ms.filter(|_| state.restored))?;
    u64::try_from(until.saturating_sub(state.aborted_ms?)).ok()
}
