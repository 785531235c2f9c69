//! `backstay backup prune`

use clap::Args;

use super::{known, list};
use crate::{
    cli::{Global, context, finish::carry_out},
    machine::Goal,
    plan::{Backup, BackupRequest, stays},
    report::{escape, json_line, result_line},
};

const EXAMPLES: &str = "Examples:
  backstay backup prune --dry-run -e staging
  backstay backup prune -e staging

How many stay is configured, for each database: retention: { last: 3, daily: 7, weekly: 4, monthly: 6 }
The newest archive that is not known to be damaged always stays. Copies of deploys have databases.<name>.keep_copies.";

/// What is removed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PruneArgs {
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(global: &Global, args: &PruneArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let environment = config.environment.name.clone();
    let Some(retention) = config.retention else {
        eprintln!(
            "{environment}: nothing is removed, for it is not configured what stays. In backstay.yml, for example:\n  \
             retention: {{ last: 3, daily: 7, weekly: 4, monthly: 6 }}"
        );
        return Ok(0);
    };
    let all = known(&config).await?;
    let stays = stays(&all, &retention);
    let going: Vec<&Backup> = all.iter().zip(&stays).filter(|(_, stays)| !**stays).map(|(backup, _)| backup).collect();
    if args.dry_run {
        for backup in &going {
            if global.json {
                println!("{}", json_line(&list::object(backup)));
            } else {
                println!("{}", result_line(&format!("would go: {}", escape(&backup.name())), 2));
            }
        }
    }
    if going.is_empty() {
        eprintln!("{environment}: nothing is to be removed");
    }
    if args.dry_run || going.is_empty() {
        return Ok(0);
    }
    let goal = Goal::Backup(BackupRequest::Prune(going.iter().map(|backup| backup.name()).collect()));
    carry_out(global, config, context::request(None, None)?, goal, None).await
}
