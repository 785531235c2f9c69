//! SQLite: sealed and restored through its backup API, in place.

use super::{Script, file, script};
use crate::{config::Database, plan::PlanFile, scripts};

pub(super) fn files(database: &Database, run: &str) -> Vec<PlanFile> {
    let minutes = database.keep_failed.ms().div_ceil(60_000).to_string();
    let keep = database.keep_copies.to_string();
    let params = [("COPY_OF", run), ("KEEP_COPIES", &keep), ("KEEP_FAILED_MIN", &minutes)];
    vec![
        file("engine.sh", script!("sqlite/engine.sh")),
        file("seal", script!("sqlite/seal.sh")),
        file("leaks", script!("sqlite/leaks.sh")),
        file("restore", script!("sqlite/restore.sh")),
        file("restore-of", script!("sqlite/restore-of.sh")),
        file("unload", script!("sqlite/unload.sh")),
        file("load", script!("sqlite/load.sh")),
        file("load-sql", script!("sqlite/load-sql.sh")),
        file("discard", script!("sqlite/discard.sh")),
        file("tidy", script!("sqlite/tidy.sh")),
        PlanFile::text("params", scripts::params(params)),
    ]
}
