//! `restore`: a rollback after the commit brings back the data that an earlier run had sealed.

use super::script;
use crate::{
    model::Phase,
    plan::{Condition, Step, Undo},
};

/// Of a rollback with `--discard-writes`; the plan's parameter `RESTORE_OF` names the run. What it replaces was sealed by `protect` of the same run, so that step's undo
/// takes it back.
pub fn restore_step() -> Step {
    Step {
        name: "restore".to_owned(),
        phase: Phase::Migrate,
        action: script!("database/restore-of.sh"),
        undo: Undo::Nothing("the undo of protect brings back the data from before"),
        params: Vec::new(),
        files: Vec::new(),
        only_if: Condition::Always,
        timeout: None,
    }
}
