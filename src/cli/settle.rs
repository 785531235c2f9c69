//! `backstay settle`

use clap::{Args, ValueEnum};

use super::{Global, context, finish::carry_out, question};
use crate::machine::Goal;

const EXAMPLES: &str = "Examples:
  backstay settle -e staging                       # forward or back, as the run's journal says
  backstay settle -e staging --retry               # once the cause is mended
  backstay settle -e staging --accept rolled-back  # once code and data are mended by hand

It exits as that run ends: 0 committed, 10 rolled back, 20 still stuck. With nothing to settle it exits 0.";

/// What settling takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SettleArgs {
    /// Try a stuck run again, once its cause is mended
    #[arg(long, conflicts_with = "accept")]
    retry: bool,
    /// End a stuck run on your word: the new version is live with its migrated data, or the old one with its old data
    #[arg(long, value_name = "STATE")]
    accept: Option<Accepted>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Accepted {
    Committed,
    RolledBack,
}

pub(super) async fn run(global: &Global, args: &SettleArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let accept = args.accept.map(|state| match state {
        Accepted::Committed => "committed",
        Accepted::RolledBack => "rolled-back",
    });
    if let Some(state) = accept {
        let ask = format!(
            "This ends the stuck run on {} as {state}, on your word: code and data are as they are. Maintenance is lifted.",
            config.environment.name
        );
        question::typed(global, &ask, state)?;
    }
    let goal = Goal::Settle { retry: args.retry, accept: accept.map(str::to_owned) };
    carry_out(global, config, context::request(None, None)?, goal, None).await
}
