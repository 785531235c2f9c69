//! `pending`: the new release is asked what it has to migrate; that decides whether users see maintenance.

use super::script;
use crate::{
    model::{Phase, Span},
    plan::{Condition, Step, Undo},
};

/// Runs in every deploy.
pub fn pending_step() -> Step {
    Step {
        name: "pending".to_owned(),
        phase: Phase::Prepare,
        action: script!("steps/pending.sh"),
        undo: Undo::Nothing("it only asks"),
        params: Vec::new(),
        files: Vec::new(),
        only_if: Condition::Always,
        timeout: Some(Span::from_secs(300)),
    }
}
