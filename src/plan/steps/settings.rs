//! `settings`: the app is asked for its databases' accounts. They never leave the target.

use super::script;
use crate::{
    model::{Phase, Span},
    plan::{Condition, PlanFile, Step, Undo, database::Protected},
};

/// For each database where its account comes from, and what it must still be.
pub fn settings_step(databases: &[Protected]) -> Step {
    Step {
        name: "settings".to_owned(),
        phase: Phase::Prepare,
        action: script!("steps/settings.sh"),
        undo: Undo::Nothing("it only asks; what it writes goes with the run"),
        params: Vec::new(),
        files: databases.iter().flat_map(settings_files).collect(),
        only_if: Condition::Always,
        timeout: Some(Span::from_secs(300)),
    }
}

/// Where one database's account comes from, as files of the script.
pub fn settings_files(database: &Protected) -> Vec<PlanFile> {
    let file = |suffix: &str, text: &str| PlanFile::text(format!("{}.{suffix}", database.name), format!("{text}\n"));
    let mut files = Vec::new();
    files.extend(database.connection.as_deref().map(|connection| file("connection", connection)));
    files.extend(database.expected.as_deref().map(|expected| file("expected", expected)));
    files.extend(database.credentials.as_deref().map(|path| file("credentials", path)));
    files.extend(database.target.as_deref().map(|target| file("target", target)));
    files.extend(database.driver.map(|driver| file("driver", driver)));
    files
}
