//! MySQL and MariaDB: a shadow schema beside the live one, swapped in by one rename.

use super::{Script, file, script};
use crate::{config::Database, plan::PlanFile, scripts};

pub(super) fn files(database: &Database) -> Vec<PlanFile> {
    let minutes = database.keep_failed.ms().div_ceil(60_000).to_string();
    let keep = database.keep_copies.to_string();
    let admin = database.admin.as_deref().unwrap_or_default();
    let sessions = database.copy.sessions.map(|n| n.to_string()).unwrap_or_default();
    let params = [
        ("ADMIN", admin),
        ("KEEP_COPIES", &keep),
        ("KEEP_FAILED_MIN", &minutes),
        ("COPY_SESSIONS", &sessions),
        ("COPY_PAUSE", &database.copy.pause),
    ];
    let mut files = vec![
        file("engine.sh", script!("mysql/engine.sh")),
        file("definitions.sh", script!("mysql/definitions.sh")),
        file("tables.sh", script!("mysql/tables.sh")),
        file("room.sh", script!("mysql/room.sh")),
        file("evidence.sh", script!("mysql/evidence.sh")),
        file("fence.sh", script!("mysql/fence.sh")),
        file("swap.sh", script!("mysql/swap.sh")),
        file("probe", script!("mysql/probe.sh")),
        file("copy", script!("mysql/copy.sh")),
        file("seal", script!("mysql/seal.sh")),
        file("leaks", script!("mysql/leaks.sh")),
        file("flush", script!("mysql/flush.sh")),
        file("restore", script!("mysql/restore.sh")),
        file("restore-of", script!("mysql/restore-of.sh")),
        file("load-sql", script!("mysql/load-sql.sh")),
        file("open", script!("mysql/open.sh")),
        file("discard", script!("mysql/discard.sh")),
        file("tidy", script!("mysql/tidy.sh")),
        file("keys.awk", script!("mysql/keys.awk")),
        PlanFile::text("params", scripts::params(params)),
    ];
    let statements = [
        ("counters", script!("mysql/counters.sql")),
        ("crossing-keys", script!("mysql/crossing-keys.sql")),
        ("drop-keys", script!("mysql/drop-keys.sql")),
        ("drop-routines", script!("mysql/drop-routines.sql")),
        ("drop-tables", script!("mysql/drop-tables.sql")),
        ("drop-triggers", script!("mysql/drop-triggers.sql")),
        ("drop-views-in-the-way", script!("mysql/drop-views-in-the-way.sql")),
        ("evidence", script!("mysql/evidence.sql")),
        ("leaks", script!("mysql/leaks.sql")),
        ("lock", script!("mysql/lock.sql")),
        ("make", script!("mysql/make.sql")),
        ("may-fence", script!("mysql/may-fence.sql")),
        ("probe", script!("mysql/probe.sql")),
        ("rename", script!("mysql/rename.sql")),
        ("rows", script!("mysql/rows.sql")),
        ("show", script!("mysql/show.sql")),
        ("show-views", script!("mysql/show-views.sql")),
        ("start-events", script!("mysql/start-events.sql")),
        ("stop-events", script!("mysql/stop-events.sql")),
        ("who", script!("mysql/who.sql")),
    ];
    files.extend(statements.into_iter().map(|(name, text)| file(&format!("{name}.sql"), text)));
    files
}
