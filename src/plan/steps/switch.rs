//! `switch`: `current` points to the new release, and what serves it looks again.

use super::{command_files, script};
use crate::{
    config::Config,
    model::Phase,
    plan::{Condition, Step, Undo},
};

/// Strategy symlink only. `to` is the release that a rollback goes back to, absolute; none: the one of this run.
pub fn switch_step(config: &Config, to: Option<&str>) -> Step {
    Step {
        name: "switch".to_owned(),
        phase: Phase::Switch,
        action: script!("steps/switch.sh"),
        undo: Undo::Script(script!("steps/switch-undo.sh")),
        params: to.map(|to| ("SWITCH_TO", to.to_owned())).into_iter().collect(),
        files: command_files(&config.release.reload),
        only_if: Condition::Always,
        timeout: None,
    }
}
