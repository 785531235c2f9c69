//! `engine: command`: the app's own backup and restore.

use super::{Script, file, script};
use crate::plan::PlanFile;

pub(super) fn files(backup: &str, restore: &str) -> Vec<PlanFile> {
    vec![
        file("seal", script!("command/seal.sh")),
        file("restore", script!("command/restore.sh")),
        PlanFile::text("backup", format!("{backup}\n")),
        PlanFile::text("restore-command", format!("{restore}\n")),
    ]
}
