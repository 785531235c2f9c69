//! `release`: the new release beside the live one, unpacked from what the runner uploads, linked to `shared/`.

use super::script;
use crate::{
    config::Config,
    model::Phase,
    plan::{Condition, PlanFile, Step, Undo},
};

/// Strategy symlink only. It waits for the upload, so it has no timeout of its own: the lease ends the wait.
pub fn release_step(config: &Config) -> Step {
    let shared: String = config.release.shared.iter().map(|entry| format!("{entry}\n")).collect();
    Step {
        name: "release".to_owned(),
        phase: Phase::Prepare,
        action: script!("steps/release.sh"),
        undo: Undo::Script(script!("steps/release-undo.sh")),
        params: Vec::new(),
        files: vec![PlanFile::text("shared", shared)],
        only_if: Condition::Always,
        timeout: None,
    }
}
