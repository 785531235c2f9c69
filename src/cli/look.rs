//! Asks a target about its runs, for status, history and logs.

use anyhow::{anyhow, bail};

use super::context::Usage;
use crate::{
    config::Config,
    drive::chain,
    model::RunId,
    plan::{Known, known},
    scripts::{LOOK, Reply},
    target::Target,
};

/// Logs are cut at 4 MB each on the target.
const REPLY_MAX_BYTES: usize = 256 * 1024 * 1024;

/// The newest runs, newest first.
pub(super) async fn runs(config: &Config, limit: u32) -> anyhow::Result<Vec<Known>> {
    let reply = ask(config, &["runs", &config.environment.path, &limit.to_string()]).await?;
    Ok(known(&reply, "run"))
}

/// A run's id and state, and its logs: name and text (untrusted), in the order of their names.
pub(super) async fn logs(
    config: &Config,
    run: Option<&str>,
    step: Option<&str>,
) -> anyhow::Result<Option<(String, Vec<(String, String)>)>> {
    if let Some(run) = run {
        RunId::try_from(run.to_owned()).map_err(|error| anyhow!(Usage(error.to_string())))?;
    }
    let reply = ask(config, &["logs", &config.environment.path, run.unwrap_or(""), step.unwrap_or("")]).await?;
    let Some((run, _)) = reply.get("run").and_then(|run| run.split_once(' ')) else { return Ok(None) };
    let logs = reply.all("log").zip(reply.all("text")).map(|(name, text)| (name.to_owned(), text.to_owned()));
    Ok(Some((run.to_owned(), logs.collect())))
}

async fn ask(config: &Config, args: &[&str]) -> anyhow::Result<Reply> {
    let name = &config.environment.name;
    let target = Target::connect(&config.environment)
        .await
        .map_err(|error| anyhow!("{name} cannot be reached: {}\n  {}", chain(&error), error.remedy()))?;
    let output =
        target.run(LOOK, args, &[], REPLY_MAX_BYTES).await.map_err(|error| anyhow!("{name}: {}", chain(&error)))?;
    target.close().await;
    if !output.is_success() {
        bail!("{name}: {}", output.stderr.trim());
    }
    Ok(Reply::parse(&output.stdout))
}
