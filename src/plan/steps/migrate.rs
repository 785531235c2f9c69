//! `migrate`: the new release's own migration. Its undo is that of `protect`.

use super::script;
use crate::{
    config::Config,
    model::Phase,
    plan::{Condition, PlanFile, Step, Undo},
};

/// Nothing when there is no migration command.
pub fn migrate_step(config: &Config) -> Option<Step> {
    let command = config.migrate.command.as_ref()?;
    Some(Step {
        name: "migrate".to_owned(),
        phase: Phase::Migrate,
        action: script!("steps/migrate.sh"),
        undo: Undo::Nothing("the undo of protect brings back the data from before"),
        params: Vec::new(),
        files: vec![PlanFile::text("command", format!("{command}\n"))],
        only_if: Condition::Pending,
        timeout: config.migrate.timeout,
    })
}
