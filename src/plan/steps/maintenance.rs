//! `maintenance-on` and `maintenance-off`.

use super::script;
use crate::{
    config::Config,
    model::{Phase, Span},
    plan::{After, Condition, Finish, PlanFile, Step, Undo},
};

/// Users are sent to maintenance. What takes it back after the data is restored is [`maintenance_off`]; the undo
/// script serves a first deploy, where no version was live before.
pub fn maintenance_on() -> Step {
    Step {
        name: "maintenance-on".to_owned(),
        phase: Phase::Down,
        action: script!("steps/maintenance-on.sh"),
        undo: Undo::Script(script!("steps/maintenance-on-undo.sh")),
        params: Vec::new(),
        files: Vec::new(),
        only_if: Condition::Down,
        timeout: Some(Span::from_secs(120)),
    }
}

/// Users get the site back. Only proof lifts it: it runs after the commit or the restored record.
pub fn maintenance_off() -> Finish {
    Finish {
        name: "maintenance-off".to_owned(),
        phase: Phase::Up,
        action: script!("steps/maintenance-off.sh"),
        after: After::Either,
        only_if_begun: Some("maintenance-on"),
        required: true,
        params: Vec::new(),
        files: Vec::new(),
        timeout: Some(Span::from_secs(120)),
    }
}

/// The commands of an app without a preset, under `lib/maintenance/`.
pub fn maintenance_scripts(config: &Config) -> Vec<PlanFile> {
    let Some(commands) = &config.maintenance.commands else { return Vec::new() };
    let mut files = vec![
        PlanFile::text("maintenance/on", format!("{}\n", commands.on)),
        PlanFile::text("maintenance/off", format!("{}\n", commands.off)),
    ];
    files.extend(commands.check.as_ref().map(|check| PlanFile::text("maintenance/check", format!("{check}\n"))));
    files
}
