//! What a drill does to its own run from outside, and how it watches a run that it lets alone: by looks of their own.

use std::time::Duration;

use crate::{
    cli::look,
    config::Config,
    drive::now_ms,
    plan::Known,
    report::Reporter,
    scripts::{DRILL, Reply},
};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(300);
/// Longer than a lease and any undo that a drill has to wait for.
const PATIENCE: Duration = Duration::from_mins(30);
/// So many of the newest runs are looked at.
const RUNS: u32 = 5;

/// What became of the run, as the target tells afterwards.
pub(super) struct Said {
    /// When the failure was injected, on the target's clock, milliseconds since 1970.
    pub(super) injected_ms: Option<i64>,
    /// Whether the drill's own change stood half-made.
    pub(super) changed: bool,
    /// What is left of it that should not be (untrusted).
    pub(super) left: Vec<String>,
}

/// Comes back when the drill's change stands half-made; never, where that does not come.
pub(super) async fn half_made(config: &Config, run: &str) {
    loop {
        // a look that fails says nothing
        if let Ok(reply) = ask(config, "ready", run).await
            && reply.get("ready").is_some()
        {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// From here on the run hears nothing of its runner.
pub(super) async fn remember_cut(config: &Config, run: &str) {
    if let Err(error) = ask(config, "cut", run).await {
        tracing::warn!("when the runner was lost could not be written down: {error:#}");
    }
}

/// Ends the run's executor.
pub(super) async fn kill_executor(config: &Config, run: &str) {
    if let Err(error) = ask(config, "kill", run).await {
        tracing::warn!("the executor could not be killed: {error:#}");
    }
}

/// What there is to say afterwards.
pub(super) async fn said(config: &Config, run: &str) -> anyhow::Result<Said> {
    let reply = ask(config, "said", run).await?;
    let injected_ns = reply.get("injected").and_then(|text| text.trim().parse::<i64>().ok());
    Ok(Said {
        injected_ms: injected_ns.map(|ns| ns / 1_000_000),
        changed: reply.get("changed").is_some(),
        left: reply.all("left").map(str::to_owned).collect(),
    })
}

/// The run, as it is now.
pub(super) async fn known(config: &Config, run: &str) -> anyhow::Result<Option<Known>> {
    Ok(look::runs(config, RUNS).await?.into_iter().find(|known| known.run == run))
}

/// Looks until the run has ended; none: somebody wants this command to end, or it takes too long.
pub(super) async fn end_of(config: &Config, run: &str, reporter: &mut Reporter) -> Option<Known> {
    let watch = async {
        loop {
            match known(config, run).await {
                Ok(Some(known)) if known.journal.end.is_some() => return known,
                Ok(_) | Err(_) => {}
            }
            reporter.tick(now_ms());
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        ended = tokio::time::timeout(PATIENCE, watch) => ended.ok(),
        _ = tokio::signal::ctrl_c() => None,
    }
}

async fn ask(config: &Config, what: &str, run: &str) -> anyhow::Result<Reply> {
    look::ask_with(config, DRILL, &[what, &config.environment.path, run]).await
}
