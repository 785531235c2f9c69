//! The steps of a plan, one file for each: what it does, how it is taken back, what it is told.

mod archive;
mod data;
mod drill;
mod hooks;
mod maintenance;
mod migrate;
mod notify;
mod pending;
mod release;
mod restore;
mod settings;
mod smoke;
mod switch;
mod tidy;
mod workers;

pub use archive::{archive_copies, archive_step, load_step, prune_step, try_step, upload_step, verify_step};
pub use data::{copy_step, data_open, protect_step};
pub use drill::{drill_after, drill_before, drill_end, drill_release, drilled_migrate, drilled_smoke};
pub use hooks::{end_hooks, finish_with_hooks, step_with_hooks};
pub use maintenance::{maintenance_off, maintenance_on};
pub use migrate::migrate_step;
pub use notify::notify;
pub use pending::pending_step;
pub use release::release_step;
pub use restore::restore_step;
pub use settings::{settings_files, settings_step};
pub use smoke::{smoke_old, smoke_step};
pub use switch::switch_step;
pub use tidy::tidy_finish;
pub use workers::{workers_start, workers_stop};

use self::{maintenance::maintenance_scripts, workers::worker_files};
use super::PlanFile;
use crate::config::Config;

/// What the scripts of steps share: files under `lib/`.
pub fn lib(config: &Config) -> Vec<PlanFile> {
    let files = [
        ("step.sh", script!("lib/step.sh")),
        ("env.sh", script!("lib/env.sh")),
        ("address.sh", script!("lib/address.sh")),
        ("http.sh", script!("lib/http.sh")),
        ("maintenance.sh", script!("lib/maintenance.sh")),
        ("workers.sh", script!("lib/workers.sh")),
        ("databases.sh", script!("lib/databases.sh")),
        ("leaks.sh", script!("lib/leaks.sh")),
        ("engine.sh", script!("lib/engine.sh")),
        ("archive.sh", script!("lib/archive.sh")),
        ("upload.sh", script!("lib/upload.sh")),
        ("run-states.sh", script!("lib/run-states.sh")),
        ("release.sh", script!("lib/release.sh")),
        ("laravel.php", script!("laravel/laravel.php")),
    ];
    let scripts = files.into_iter().map(|(name, script)| PlanFile::text(name, script.0));
    scripts.chain(maintenance_scripts(config)).chain(worker_files(config)).collect()
}

/// Commands of the user as files `PREFIX-001`, `PREFIX-002`, … in a step's folder: run, never spliced into a script.
fn command_files(prefix: &str, commands: &[String]) -> Vec<PlanFile> {
    let numbered = commands.iter().enumerate();
    numbered.map(|(n, command)| PlanFile::text(format!("{prefix}-{:03}", n + 1), format!("{command}\n"))).collect()
}

/// Seconds, rounded up: what `sleep` and `timeout` of any system take.
fn seconds(span: crate::model::Span) -> String {
    span.ms().div_ceil(1000).to_string()
}

/// The text of a script under `src/scripts/`.
macro_rules! script {
    ($file:literal) => {
        $crate::plan::Script(include_str!(concat!("../../scripts/", $file)))
    };
}
use script;
