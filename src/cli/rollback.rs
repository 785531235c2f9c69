//! `backstay rollback`

use clap::Args;

use super::{Global, context, finish::carry_out, question};
use crate::{
    machine::Goal,
    plan::{RollbackData, RollbackRequest},
};

const EXAMPLES: &str = "Examples:
  backstay rollback -e staging --code-only
  backstay rollback -e staging --undo 20261123T101500Z-3f2a1c9 --discard-writes

Where the run migrated, one of --code-only and --discard-writes has to be said. Going back is a run of its own: it \
commits (exit 0), or is rolled back to what is live now (exit 10).";

/// What going back takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RollbackArgs {
    /// The run to go back over [default: the one that is live]
    #[arg(long, value_name = "RUN")]
    undo: Option<String>,
    /// Keep the data as it is, migrated
    #[arg(long, conflicts_with = "discard_writes")]
    code_only: bool,
    /// Bring back the data from before that run; what users wrote since is taken from the live site (a copy of it is kept)
    #[arg(long)]
    discard_writes: bool,
}

pub(super) async fn run(global: &Global, args: &RollbackArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let data = match (args.code_only, args.discard_writes) {
        (true, _) => Some(RollbackData::Keep),
        (_, true) => Some(RollbackData::Discard),
        (false, false) => None,
    };
    if args.discard_writes && config.environment.production {
        let name = &config.environment.name;
        let ask = format!(
            "What users of {name} wrote since that run will no longer be on the live site. A copy of it is kept."
        );
        question::typed(global, &ask, name)?;
    }
    let goal = Goal::Rollback(RollbackRequest { undo: args.undo.clone(), data });
    carry_out(global, config, context::request(None, None)?, goal, None).await
}
