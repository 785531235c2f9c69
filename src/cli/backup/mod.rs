//! `backstay backup`: archives made, listed, verified, brought back, removed. One file a command.

mod create;
mod list;
mod prune;
mod restore;
mod verify;

use clap::{Args, Subcommand};

use super::{Global, context::Usage, look};
use crate::{config::Config, plan::Backup};

const EXAMPLES: &str = "Examples:
  backstay backup create -e staging
  backstay backup list -e staging
  backstay backup verify --restore -e staging
  backstay backup restore 20261123T101500Z-3f2a1c9 -e staging";

/// What has to do with backups.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BackupArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an archive of every declared database, of one moment, while the site works
    Create,
    /// List what there is to restore from: archives, and the copies that deploys have sealed
    List,
    /// Read archives to their ends and compare them with their manifests
    Verify(verify::VerifyArgs),
    /// Bring data back, from an archive, a deploy's copy or a file of SQL; the code stays as it is
    Restore(restore::RestoreArgs),
    /// Remove the archives that `retention` lets go
    Prune(prune::PruneArgs),
}

pub(super) async fn run(global: &Global, args: &BackupArgs) -> anyhow::Result<u8> {
    match &args.command {
        Command::Create => create::run(global).await,
        Command::List => list::run(global).await,
        Command::Verify(args) => verify::run(global, args).await,
        Command::Restore(args) => restore::run(global, args).await,
        Command::Prune(args) => prune::run(global, args).await,
    }
}

/// What there is to restore from, newest first.
async fn known(config: &Config) -> anyhow::Result<Vec<Backup>> {
    look::backups(config, &[]).await
}

/// Those that are called by one of the names; one that nothing has is an error that lists what there is.
fn chosen<'a>(environment: &str, known: &[&'a Backup], names: &[String]) -> anyhow::Result<Vec<&'a Backup>> {
    for name in names {
        if !known.iter().any(|backup| backup.is_called(name)) {
            let there = match known.len() {
                0 => format!("there is none: backstay backup create -e {environment}"),
                _ => format!(
                    "there is:{}",
                    known.iter().map(|backup| format!("\n  {}", backup.name())).collect::<String>()
                ),
            };
            return Err(Usage(format!("{environment}: no archive is called {name}; {there}")).into());
        }
    }
    let is_chosen = |backup: &&&Backup| names.is_empty() || names.iter().any(|name| backup.is_called(name));
    Ok(known.iter().filter(is_chosen).copied().collect())
}
