//! `backstay settle`

use clap::{Args, ValueEnum};

use super::{Global, context, finish::carry_out, question};
use crate::machine::Goal;

/// What settling takes.
#[derive(Debug, Args)]
pub(super) struct SettleArgs {
    /// Try a stuck run again, once its cause is mended
    #[arg(long, conflicts_with = "accept")]
    retry: bool,
    /// Your word that a stuck run's app is in this state: the run ends so, whatever its journal says
    #[arg(long, value_name = "STATE")]
    accept: Option<Accepted>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Accepted {
    /// The new version is live with its migrated data
    Committed,
    /// The old version is live with its old data
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
