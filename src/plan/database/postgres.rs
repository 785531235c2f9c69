//! PostgreSQL: the database copied as a template in maintenance, swapped in by renaming both.

use super::{Script, file, script};
use crate::{
    config::{Database, Protect},
    plan::PlanFile,
    scripts,
};

pub(super) fn files(database: &Database) -> Vec<PlanFile> {
    let minutes = database.keep_failed.ms().div_ceil(60_000).to_string();
    let keep = database.keep_copies.to_string();
    let admin = database.admin.as_deref().unwrap_or_default();
    let protect = match database.protect {
        Protect::Auto => "auto",
        Protect::Shadow => "template",
        Protect::Dump => "dump",
    };
    let params = [("ADMIN", admin), ("KEEP_COPIES", &keep), ("KEEP_FAILED_MIN", &minutes), ("PROTECT", protect)];
    vec![
        file("engine.sh", script!("postgres/engine.sh")),
        file("dump-mode.sh", script!("postgres/dump-mode.sh")),
        file("dump-run", script!("postgres/dump-run.sh")),
        file("make-again-judge", script!("postgres/make-again-judge.sh")),
        file("dump.sql", script!("postgres/dump.sql")),
        file("dump-refusals.sql", script!("postgres/dump-refusals.sql")),
        file("drop.sql", script!("postgres/drop.sql")),
        file("make-again.sql", script!("postgres/make-again.sql")),
        file("objects.sql", script!("postgres/objects.sql")),
        file("schema-grants.sql", script!("postgres/schema-grants.sql")),
        file("rows.sql", script!("postgres/rows.sql")),
        file("fence.sh", script!("postgres/fence.sh")),
        file("swap.sh", script!("postgres/swap.sh")),
        file("probe", script!("postgres/probe.sh")),
        file("copy", script!("postgres/copy.sh")),
        file("seal", script!("postgres/seal.sh")),
        file("leaks", script!("postgres/leaks.sh")),
        file("flush", script!("postgres/flush.sh")),
        file("restore", script!("postgres/restore.sh")),
        file("restore-of", script!("postgres/restore-of.sh")),
        file("dumps.sh", script!("postgres/dumps.sh")),
        file("dump", script!("postgres/dump.sh")),
        file("unload", script!("postgres/unload.sh")),
        file("load", script!("postgres/load.sh")),
        file("load-sql", script!("postgres/load-sql.sh")),
        file("open", script!("postgres/open.sh")),
        file("discard", script!("postgres/discard.sh")),
        file("tidy", script!("postgres/tidy.sh")),
        file("copy.sql", script!("postgres/copy.sql")),
        file("counts.sql", script!("postgres/counts.sql")),
        file("create.sql", script!("postgres/create.sql")),
        file("snapshot.sql", script!("postgres/snapshot.sql")),
        file("extensions.sql", script!("postgres/extensions.sql")),
        file("leaks.sql", script!("postgres/leaks.sql")),
        file("recorded.sql", script!("postgres/recorded.sql")),
        file("like.sql", script!("postgres/like.sql")),
        file("manifest.sql", script!("postgres/manifest.sql")),
        file("others.sql", script!("postgres/others.sql")),
        file("refusals.sql", script!("postgres/refusals.sql")),
        file("session.sql", script!("postgres/session.sql")),
        file("sessions.sql", script!("postgres/sessions.sql")),
        file("settings.sql", script!("postgres/settings.sql")),
        file("swap.sql", script!("postgres/swap.sql")),
        file("writes.sql", script!("postgres/writes.sql")),
        PlanFile::text("params", scripts::params(params)),
    ]
}
