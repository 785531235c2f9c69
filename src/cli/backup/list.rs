//! `backstay backup list`

use std::io::IsTerminal;

use serde_json::json;

use super::known;
use crate::{
    cli::{Global, context},
    drive::now_ms,
    plan::{Backup, BackupKind},
    report::{escape, json_line, result_line, time},
};

pub(super) async fn run(global: &Global) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let backups = known(&config).await?;
    if global.json {
        for backup in &backups {
            println!("{}", json_line(&object(backup)));
        }
    } else {
        // scripts count lines
        context::show(global, &table(&config.environment.name, &backups, now_ms(), std::io::stdout().is_terminal()));
    }
    Ok(0)
}

/// One of them as JSON.
pub(super) fn object(backup: &Backup) -> serde_json::Value {
    let looked_at = backup.looked_at;
    json!({"v": 1, "ts": time::now(), "event": "backup", "run": backup.run, "name": backup.name(), "kind": backup.kind.as_str(),
        "database": backup.database, "engine": backup.engine, "source": backup.source,
        "created_at": backup.created_ms.map(time::rfc3339), "size_bytes": backup.size_bytes,
        "verified_at": looked_at.map(|look| time::rfc3339(look.at_ms)),
        "verified_by": looked_at.map(|look| if look.restored { "restore" } else { "hashes" }),
        "findings": backup.faults})
}

fn table(environment: &str, backups: &[Backup], now_ms: i64, with_head: bool) -> String {
    if backups.is_empty() {
        return format!("{environment}: nothing to restore from yet; backstay backup create -e {environment}");
    }
    let row = |cells: [&str; 6]| {
        let [name, kind, age, size, engine, verified] = cells.map(escape);
        format!("{name:<32} {kind:<8} {age:>17} {size:>9}  {engine:<9} {verified}").trim_end().to_owned()
    };
    let mut lines = Vec::new();
    if with_head {
        lines.push(row(["name", "kind", "age", "size", "engine", "verified"]));
    }
    for backup in backups {
        let age = backup.created_ms.map(|ms| time::ago(ms, now_ms)).unwrap_or_default();
        let size = backup.size_bytes.map(time::size).unwrap_or_default();
        let verified = verified(backup, now_ms);
        lines.push(result_line(
            &row([&backup.name(), backup.kind.as_str(), &age, &size, &backup.engine, &verified]),
            33,
        ));
        lines.extend(backup.faults.iter().map(|fault| result_line(&format!("  {}", escape(fault)), 4)));
    }
    lines.join("\n")
}

/// What is known of it.
pub(super) fn verified(backup: &Backup, now_ms: i64) -> String {
    match (backup.kind, backup.looked_at) {
        _ if !backup.faults.is_empty() => "DAMAGED".to_owned(),
        (BackupKind::Copy, _) => "when it was sealed".to_owned(),
        (BackupKind::Archive, None) => "not yet".to_owned(),
        (BackupKind::Archive, Some(look)) => {
            let how = if look.restored { "restored" } else { "read" };
            format!("{how} {}", time::ago(look.at_ms, now_ms))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::LookedAt;

    #[test]
    fn every_backup_is_a_line_with_what_is_wrong_below_it() {
        let archive = Backup {
            kind: BackupKind::Archive,
            run: "20261123T101500Z-3f2a1c9".to_owned(),
            database: "main".to_owned(),
            engine: "sqlite".to_owned(),
            source: "/srv/shop.sqlite".to_owned(),
            created_ms: Some(1_795_428_900_000),
            size_bytes: Some(2_140_000),
            looked_at: None,
            faults: vec![],
        };
        let restored = LookedAt { at_ms: 1_795_428_960_000, restored: true };
        let backups = [
            Backup { kind: BackupKind::Copy, size_bytes: None, engine: "mysql".to_owned(), ..archive.clone() },
            Backup { looked_at: Some(restored), ..archive.clone() },
            Backup { faults: vec!["0001.database.zst is \u{1b}[31mmissing".to_owned()], ..archive.clone() },
            archive,
        ];
        insta::assert_snapshot!(table("staging", &backups, 1_795_429_000_000, true), @r"
        name                             kind                   age      size  engine    verified
        20261123T101500Z-3f2a1c9/main    copy        1 min 40 s ago            mysql     when it was sealed
        20261123T101500Z-3f2a1c9/main    archive     1 min 40 s ago    2.1 MB  sqlite    restored 40 s ago
        20261123T101500Z-3f2a1c9/main    archive     1 min 40 s ago    2.1 MB  sqlite    DAMAGED
          0001.database.zst is \u{1b}[31mmissing
        20261123T101500Z-3f2a1c9/main    archive     1 min 40 s ago    2.1 MB  sqlite    not yet
        ");
        assert!(table("staging", &[], 0, true).contains("backup create"));
    }
}
