//! `backstay backup verify`

use clap::Args;

use super::{chosen, known, list};
use crate::{
    cli::{Global, context, finish::carry_out, look},
    config::Config,
    drive::now_ms,
    machine::Goal,
    plan::{Backup, BackupKind, BackupRequest},
    report::{Conclusion, escape, json_line, lines, result_line},
};

/// A check has found something.
const FINDINGS: u8 = 4;

const EXAMPLES: &str = "Examples:
  backstay backup verify -e staging
  backstay backup verify 20261123T101500Z-3f2a1c9 --restore -e staging

It exits 4 when something is found: a file that is truncated, changed, missing or foreign, or one that cannot be restored.";

/// What is verified.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    /// Archives, as RUN or RUN/DATABASE [default: all]
    names: Vec<String>,
    /// Restore each into a scratch database beside the live one as well, compare it with its manifest, and remove it again
    #[arg(long)]
    restore: bool,
}

pub(super) async fn run(global: &Global, args: &VerifyArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let before = known(&config).await?;
    let archives: Vec<&Backup> = before.iter().filter(|backup| backup.kind == BackupKind::Archive).collect();
    let names: Vec<String> =
        chosen(&config.environment.name, &archives, &args.names)?.iter().map(|one| one.name()).collect();
    if names.is_empty() {
        let sentence = format!("{}: there is no archive to verify", config.environment.name);
        eprintln!("{sentence}");
        if let Some(job) = &global.job {
            job.conclude(Conclusion { word: String::new(), sentence, markdown: String::new() });
        }
        return Ok(0);
    }
    let mut seen = look::backups(&config, &names).await?;
    if args.restore {
        let whole = |backup: &&Backup| {
            backup.kind == BackupKind::Archive && backup.faults.is_empty() && names.contains(&backup.name())
        };
        let tried: Vec<String> = seen.iter().filter(whole).map(Backup::name).collect();
        if !tried.is_empty() {
            let code = try_them(global, &config, tried).await?;
            if code != 0 {
                return Ok(code);
            }
            seen = known(&config).await?;
        }
    }
    let verified: Vec<&Backup> = names
        .iter()
        .filter_map(|name| seen.iter().find(|b| b.kind == BackupKind::Archive && b.name() == *name))
        .collect();
    let gone = names.len() - verified.len();
    let faulty = verified.iter().filter(|backup| !backup.faults.is_empty()).count();
    tell(global, &verified);
    if gone > 0 {
        eprintln!("{}", lines(&format!("{gone} of them went away meanwhile")));
    }
    let passed = gone + faulty == 0;
    if let Some(job) = &global.job {
        let how = if args.restore { "verified and restored into a scratch database" } else { "verified" };
        let (good, all) = (verified.len() - faulty, names.len());
        let mut sentence = vec![format!("{}: {good} of {all} archives {how}", config.environment.name)];
        sentence.extend((faulty > 0).then(|| format!("{faulty} cannot be relied on")));
        sentence.extend((gone > 0).then(|| format!("{gone} went away meanwhile")));
        let word = if passed { "passed" } else { "findings" }.to_owned();
        job.conclude(Conclusion { word, sentence: sentence.join(", "), markdown: String::new() });
    }
    Ok(if passed { 0 } else { FINDINGS })
}

/// A run of its own: it has the lock, and what it makes is removed also when it dies.
async fn try_them(global: &Global, config: &Config, names: Vec<String>) -> anyhow::Result<u8> {
    let goal = Goal::Backup(BackupRequest::Try(names));
    carry_out(global, config.clone(), context::request(None, None)?, goal, None).await
}

fn tell(global: &Global, verified: &[&Backup]) {
    if global.json {
        for backup in verified {
            println!("{}", json_line(&list::object(backup)));
        }
        return;
    }
    let mut text = Vec::new();
    for backup in verified {
        let what = match backup.faults.len() {
            0 => list::verified(backup, now_ms()),
            count => format!("{count} found"),
        };
        text.push(result_line(&format!("{}  {}", escape(&backup.name()), escape(&what)), 2));
        text.extend(backup.faults.iter().map(|fault| result_line(&format!("  {}", escape(fault)), 4)));
    }
    context::show(global, &text.join("\n"));
}
