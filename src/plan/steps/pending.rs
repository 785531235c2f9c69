//! `pending`: the new release is asked what it has to migrate; that decides whether users see maintenance.

use super::script;
use crate::{
    model::{Phase, Span},
    plan::{Condition, PlanFile, Step, Undo},
};

/// Runs in every deploy. `ran` are the migrations that had run when the plan was made, where the app could say: the inventory
/// of the data that a run must find again under the lock (protocol, Locks).
pub fn pending_step(ran: Option<&[String]>) -> Step {
    let ran = ran
        .map(|names| PlanFile::text("ran.expected", names.iter().map(|name| format!("{name}\n")).collect::<String>()));
    Step {
        name: "pending".to_owned(),
        phase: Phase::Prepare,
        action: script!("steps/pending.sh"),
        undo: Undo::Nothing("it only asks"),
        params: Vec::new(),
        files: ran.into_iter().collect(),
        only_if: Condition::Always,
        timeout: Some(Span::from_secs(300)),
    }
}
