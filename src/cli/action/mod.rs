//! `backstay action`: the steps of action.yml. `deploy` does what the inputs ask for and lives as long as the runner lets it;
//! `finish` comes after it, whatever became of it, and tells how the run ended.

mod deploy;
mod finish;
mod inputs;
mod job;
mod logs;

use clap::Subcommand;

pub(super) use self::job::Job;

/// A step.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum ActionCommand {
    /// Do what the inputs ask for
    Deploy,
    /// Tell how it ended: outputs, summary, one annotation; where nobody saw the end, find it out first
    Finish,
}

pub(super) async fn run(command: ActionCommand) -> anyhow::Result<u8> {
    match command {
        ActionCommand::Deploy => deploy::run().await,
        ActionCommand::Finish => finish::run().await,
    }
}
