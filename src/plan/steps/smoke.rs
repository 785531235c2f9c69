//! `smoke`: the checks that the target makes itself; and after a rollback those that the old version had passed.

use super::{command_files, script, seconds};
use crate::{
    config::{CheckKind, Config},
    model::{Phase, Span},
    plan::{After, Condition, Finish, PlanFile, Step, Undo},
};

/// Commands before the checks, and the command checks. The runner's own follow before its verdict; after that, where databases are
/// protected, it is looked at once more who works on them.
pub fn smoke_step(config: &Config, protects: bool) -> Step {
    let mut files = command_files("before", &config.smoke.before);
    let commands = config.smoke.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::Command { command } => Some((check, command)),
        CheckKind::Http(_) | CheckKind::Revision(_) | CheckKind::Tls { .. } => None,
    });
    for (number, (check, command)) in commands.enumerate() {
        let file =
            |suffix: &str, text: &str| PlanFile::text(format!("check-{:03}{suffix}", number + 1), format!("{text}\n"));
        files.extend([
            file("", command),
            file(".attempts", &check.attempts.to_string()),
            file(".every", &seconds(check.every)),
            file(".within", &seconds(check.within)),
        ]);
        files.extend(check.required.then(|| file(".required", "")));
    }
    files.extend(protects.then(|| PlanFile::text("last", script!("steps/smoke-last.sh").0)));
    Step {
        name: "smoke".to_owned(),
        phase: Phase::Smoke,
        action: script!("steps/smoke.sh"),
        undo: Undo::Nothing("it only looks"),
        params: Vec::new(),
        files,
        only_if: Condition::Always,
        timeout: None,
    }
}

/// The requests that the old version answered well before the run: path and accepted statuses, one a line. They are
/// reported; they do not hold the site in maintenance.
pub fn smoke_old(owed: &[(String, Vec<u16>)]) -> Option<Finish> {
    if owed.is_empty() {
        return None;
    }
    let line = |(path, statuses): &(String, Vec<u16>)| {
        let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
        format!("{} {path}\n", statuses.join(","))
    };
    Some(Finish {
        name: "smoke-old".to_owned(),
        phase: Phase::Smoke,
        action: script!("steps/smoke-old.sh"),
        after: After::Restored,
        only_if_begun: None,
        required: false,
        params: Vec::new(),
        files: vec![PlanFile::text("owed", owed.iter().map(line).collect::<String>())],
        timeout: Some(Span::from_secs(60)),
    })
}
