//! The steps of a plan, one file for each: what it does, how it is taken back, what it is told.

mod release;
mod switch;
mod tidy;

pub use release::{RELEASE_LIB, release_step};
pub use switch::switch_step;
pub use tidy::tidy_finish;

use super::{PlanFile, Script};

/// Commands of the user as files `command-1`, `command-2`, … in a step's folder: run, never spliced into a script.
fn command_files(commands: &[String]) -> Vec<PlanFile> {
    let numbered = commands.iter().enumerate();
    numbered.map(|(n, command)| PlanFile::text(format!("command-{:03}", n + 1), format!("{command}\n"))).collect()
}

/// The text of a script under `src/scripts/`.
macro_rules! script {
    ($file:literal) => {
        Script(include_str!(concat!("../../scripts/", $file)))
    };
}
use script;
