//! `release`: the new release beside the live one, unpacked from what the runner uploads, linked to `shared/`.

use super::script;
use crate::{
    config::{Config, Preset},
    model::Phase,
    plan::{Condition, PlanFile, Script, Step, Undo},
};

/// `lib/release.sh`: what the steps `release`, `switch` and `tidy` share.
pub const RELEASE_LIB: Script = script!("lib/release.sh");

/// Strategy symlink only. It waits for the upload, so it has no timeout of its own: the lease ends the wait.
pub fn release_step(config: &Config) -> Step {
    let preset = match config.preset {
        Preset::Laravel => "laravel",
        Preset::Custom => "custom",
    };
    let shared: String = config.release.shared.iter().map(|entry| format!("{entry}\n")).collect();
    Step {
        name: "release".to_owned(),
        phase: Phase::Prepare,
        action: script!("steps/release.sh"),
        undo: Undo::Script(script!("steps/release-undo.sh")),
        params: vec![("PRESET", preset.to_owned())],
        files: vec![PlanFile::text("shared", shared)],
        only_if: Condition::Always,
        timeout: None,
    }
}
