//! What a drill puts into an ordinary plan: its own release, its own change with the failure in it, two readings of data and code,
//! and a last step that never ends well.

use super::script;
use crate::{
    config::{Config, Preset},
    model::{Phase, Span},
    plan::{After, Condition, DrillPoint, Finish, PlanFile, Step, Undo, database::Protected},
};

/// Strategy symlink: the release that is switched to, a copy of the live one.
pub fn drill_release() -> Step {
    Step {
        name: "release-copy".to_owned(),
        phase: Phase::Prepare,
        action: script!("drill/release-copy.sh"),
        undo: Undo::Script(script!("steps/release-undo.sh")),
        params: Vec::new(),
        files: Vec::new(),
        only_if: Condition::Always,
        timeout: None,
    }
}

/// The step `migrate` with the drill's change in place of the app's command.
pub fn drilled_migrate(mut migrate: Step, config: &Config, databases: &[Protected], point: DrillPoint) -> Step {
    let own = migrate.files.iter().find(|file| file.path == "command").map(|file| file.bytes.clone());
    let command = script!("drill/migrate.sh");
    migrate.files =
        vec![PlanFile::text("command", command.0), PlanFile::text("point", format!("{}\n", point.as_str()))];
    match config.preset {
        Preset::Laravel => migrate.files.extend(app_files(databases)),
        Preset::Custom => {
            migrate.files.push(PlanFile { path: "own-command".to_owned(), bytes: own.unwrap_or_default() });
        }
    }
    migrate
}

/// The step `smoke` with one check more, which fails.
pub fn drilled_smoke(mut smoke: Step) -> Step {
    let check =
        "date +%s%N >\"$BACKSTAY_STATE/drill-injected\"; : backstay drill, a check that fails by design; exit 1";
    let number = "check-999";
    let file = |suffix: &str, text: &str| PlanFile::text(format!("{number}{suffix}"), format!("{text}\n"));
    smoke.files.extend([
        file("", check),
        file(".attempts", "1"),
        file(".every", "1"),
        file(".within", "10"),
        file(".required", ""),
    ]);
    smoke
}

/// Data and code are read before anything of the drill has touched them.
pub fn drill_before(config: &Config, databases: &[Protected]) -> Step {
    Step {
        name: "drill-before".to_owned(),
        phase: Phase::Protect,
        action: script!("drill/fingerprint.sh"),
        undo: Undo::Nothing("it only reads"),
        params: vec![("MOMENT", "before".to_owned())],
        files: fingerprint_files(config, databases),
        only_if: Condition::Pending,
        timeout: None,
    }
}

/// They are read again when everything is given back, while users still see maintenance.
pub fn drill_after(config: &Config, databases: &[Protected]) -> Finish {
    Finish {
        name: "drill-after".to_owned(),
        phase: Phase::Up,
        action: script!("drill/fingerprint.sh"),
        after: After::Restored,
        only_if_begun: Some("drill-before"),
        required: false,
        params: vec![("MOMENT", "after".to_owned())],
        files: fingerprint_files(config, databases),
        timeout: Some(Span::from_secs(1800)),
    }
}

/// Nothing of a drill is ever committed: the last step fails by design.
pub fn drill_end() -> Step {
    Step {
        name: "drill-end".to_owned(),
        phase: Phase::Smoke,
        action: script!("drill/end.sh"),
        undo: Undo::Nothing("it only fails"),
        params: Vec::new(),
        files: Vec::new(),
        only_if: Condition::Always,
        timeout: Some(Span::from_secs(60)),
    }
}

fn fingerprint_files(config: &Config, databases: &[Protected]) -> Vec<PlanFile> {
    match config.preset {
        Preset::Laravel => app_files(databases),
        Preset::Custom => Vec::new(),
    }
}

/// What speaks through the app's own connections, and which.
fn app_files(databases: &[Protected]) -> Vec<PlanFile> {
    // one that is protected by commands of the user's is the app's all the same
    let connection = |database: &Protected| database.connection.clone().unwrap_or_else(|| "auto".to_owned());
    let lines: String =
        databases.iter().map(|database| format!("{}={}\n", database.name, connection(database))).collect();
    vec![PlanFile::text("drill.php", script!("laravel/drill.php").0), PlanFile::text("connections", lines)]
}
