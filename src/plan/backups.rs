//! What there is to restore from: archives, and the copies that runs have sealed. It is the one list that commands choose from, whoever
//! keeps what is on it; names are `RUN/DATABASE`.

use crate::{
    model::RunId,
    scripts::{Reply, columns},
};

/// Something that a database can be restored from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What it is.
    pub kind: BackupKind,
    /// The run that made it.
    pub run: String,
    /// The database's key in the configuration.
    pub database: String,
    /// `mysql`, `postgres` or `sqlite`.
    pub engine: String,
    /// The schema, the database or the file that it was made of (untrusted).
    pub source: String,
    /// When: milliseconds since 1970.
    pub created_ms: Option<i64>,
    /// How much it takes, where that is a number of files' bytes.
    pub size_bytes: Option<u64>,
    /// When and how it was looked at last.
    pub looked_at: Option<LookedAt>,
    /// What is known to be wrong with it (untrusted).
    pub faults: Vec<String>,
}

/// What a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackupKind {
    /// Files with a manifest: they stand for themselves.
    Archive,
    /// What a run sealed, beside the live data: proven equal then, and as safe as the server that holds both.
    Copy,
}

/// A look at an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedAt {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// Whether it was restored, or only its files were read.
    pub restored: bool,
}

impl BackupKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Copy => "copy",
        }
    }
}

impl Backup {
    /// `RUN/DATABASE`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.run, self.database)
    }

    /// Whether that is its name, or its run's.
    pub fn is_called(&self, name: &str) -> bool {
        match name.split_once('/') {
            Some((run, database)) => run == self.run && database == self.database,
            None => name == self.run,
        }
    }
}

/// Reads what `lib/backups.sh` says; the newest first.
pub fn backups(reply: &Reply) -> Vec<Backup> {
    let faults: Vec<Vec<String>> = reply.all("fault").map(columns).collect();
    let mut all: Vec<Backup> = reply.all("archive").filter_map(|line| archive(&columns(line), &faults)).collect();
    all.extend(reply.all("kept").filter_map(|line| copy(&columns(line))));
    all.sort_by(|a, b| {
        b.created_ms
            .cmp(&a.created_ms)
            .then(b.run.cmp(&a.run))
            .then(a.database.cmp(&b.database))
            .then(a.kind.cmp(&b.kind))
    });
    all
}

/// What else lies there is none of ours: names go back to the target as words.
fn is_ours(run: &str, database: &str) -> bool {
    RunId::try_from(run.to_owned()).is_ok() && database.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn archive(columns: &[String], faults: &[Vec<String>]) -> Option<Backup> {
    let [run, database, engine, source, created, bytes, _, at, how] = columns else { return None };
    if !is_ours(run, database) {
        return None;
    }
    let found = |fault: &&Vec<String>| fault.first() == Some(run) && fault.get(1) == Some(database);
    let created_ms = created.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    Some(Backup {
        kind: BackupKind::Archive,
        run: run.clone(),
        database: database.clone(),
        engine: engine.clone(),
        source: source.clone(),
        created_ms: created_ms.or_else(|| started_ms(run)),
        size_bytes: bytes.parse().ok(),
        looked_at: at
            .parse::<i64>()
            .ok()
            .and_then(|at| at.checked_mul(1000))
            .map(|at_ms| LookedAt { at_ms, restored: how == "restore" }),
        faults: faults.iter().filter(found).filter_map(|fault| fault.get(2).cloned()).collect(),
    })
}

fn copy(columns: &[String]) -> Option<Backup> {
    let [run, database, engine, source, bytes] = columns else { return None };
    if !is_ours(run, database) {
        return None;
    }
    Some(Backup {
        kind: BackupKind::Copy,
        run: run.clone(),
        database: database.clone(),
        engine: engine.clone(),
        source: source.clone(),
        created_ms: started_ms(run),
        size_bytes: bytes.parse().ok(),
        looked_at: None,
        faults: Vec::new(),
    })
}

/// When a run was planned, which its id begins with.
fn started_ms(run: &str) -> Option<i64> {
    let started = run.split('-').next()?;
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", started).ok()?;
    Some(jiff::tz::Offset::UTC.to_timestamp(at).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_target_says_of_archives_and_copies_is_read_newest_first() {
        let reply = b"archive\t20261123T101500Z-3f2a1c9\\tmain\\tsqlite\\t/srv/a b\\t2026-11-23T10:15:02Z\\t812\\t4\\t1795428910\\trestore\n\
            fault\t20261123T101500Z-3f2a1c9\\tmain\\t0001.database.zst is missing\n\
            kept\t20261124T101500Z-3f2a1c9\\tmain\\tmysql\\tshop\\t-\narchive\tbroken\n\
            kept\ta b*\\tmain\\tmysql\\tshop\\t-\n";
        let found = backups(&Reply::parse(reply));
        let names: Vec<_> = found.iter().map(|backup| (backup.kind.as_str(), backup.name())).collect();
        assert_eq!(
            names,
            [
                ("copy", "20261124T101500Z-3f2a1c9/main".to_owned()),
                ("archive", "20261123T101500Z-3f2a1c9/main".to_owned())
            ]
        );
        assert_eq!(found[0].created_ms, Some(1_795_515_300_000));
        assert_eq!((found[1].source.as_str(), found[1].size_bytes), ("/srv/a b", Some(812)));
        assert_eq!(found[1].looked_at, Some(LookedAt { at_ms: 1_795_428_910_000, restored: true }));
        assert_eq!(found[1].faults, ["0001.database.zst is missing"]);
        assert!(
            found[1].is_called("20261123T101500Z-3f2a1c9") && !found[1].is_called("20261123T101500Z-3f2a1c9/other")
        );
    }
}
