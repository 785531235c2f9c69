//! `switch`: `current` points to the new release, and what serves it looks again.

use super::{command_files, script};
use crate::{
    config::Config,
    model::Phase,
    plan::{Condition, Step, Undo},
};

/// Strategy symlink only. To the plan's release: the one of this run, or the one that a rollback goes back to.
pub fn switch_step(config: &Config) -> Step {
    Step {
        name: "switch".to_owned(),
        phase: Phase::Switch,
        action: script!("steps/switch.sh"),
        undo: Undo::Script(script!("steps/switch-undo.sh")),
        params: Vec::new(),
        files: command_files("command", &config.release.reload),
        only_if: Condition::Always,
        timeout: None,
    }
}
