//! Asks a target about its runs, for status, history and logs, and about what there is to restore from.

use anyhow::{anyhow, bail};

use super::context::Usage;
use crate::{
    config::Config,
    drive::chain,
    model::RunId,
    plan::{self, Backup, Known, known},
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

/// What the scripts of a run printed.
pub(super) struct Logs {
    pub(super) run: String,
    pub(super) state: String,
    /// Name and text (untrusted), in the order of their names.
    pub(super) logs: Vec<(String, String)>,
}

/// The logs of a run, of the newest one where none is named.
pub(super) async fn logs(config: &Config, run: Option<&str>, step: Option<&str>) -> anyhow::Result<Option<Logs>> {
    if let Some(run) = run {
        RunId::try_from(run.to_owned()).map_err(|error| anyhow!(Usage(error.to_string())))?;
    }
    let reply = ask(config, &["logs", &config.environment.path, run.unwrap_or(""), step.unwrap_or("")]).await?;
    let Some((run, state)) = reply.get("run").and_then(|run| run.split_once(' ')) else { return Ok(None) };
    let (run, state) = (run.to_owned(), state.to_owned());
    let (mut names, mut texts) = (vec![], vec![]);
    // moved, not copied: they may have megabytes
    for (name, value) in reply {
        match name.as_str() {
            "log" => names.push(value),
            "text" => texts.push(value),
            _ => {}
        }
    }
    Ok(Some(Logs { run, state, logs: names.into_iter().zip(texts).collect() }))
}

/// What there is to restore from, newest first; once the archives of these names were read to their ends.
pub(super) async fn backups(config: &Config, verify: &[String]) -> anyhow::Result<Vec<Backup>> {
    let path = config.environment.path.as_str();
    let mut args = if verify.is_empty() { vec!["backups", path] } else { vec!["verify", path] };
    args.extend(verify.iter().map(String::as_str));
    Ok(plan::backups(&ask(config, &args).await?))
}

async fn ask(config: &Config, args: &[&str]) -> anyhow::Result<Reply> {
    ask_with(config, LOOK, args).await
}

/// Runs one of our looking scripts over a connection of its own.
pub(super) async fn ask_with(config: &Config, script: &str, args: &[&str]) -> anyhow::Result<Reply> {
    let name = &config.environment.name;
    let target = Target::connect(&config.environment)
        .await
        .map_err(|error| anyhow!("{name} cannot be reached: {}\n  {}", chain(&error), error.remedy()))?;
    let mut answers = 0;
    let reply = loop {
        let output = target
            .run(script, args, &[], REPLY_MAX_BYTES)
            .await
            .map_err(|error| anyhow!("{name}: {}", chain(&error)))?;
        if !output.is_success() {
            bail!("{name}: {}", output.stderr.trim());
        }
        let reply = Reply::parse(&output.stdout);
        answers += 1;
        match (reply.get("complete"), answers) {
            (Some(_), _) => break reply,
            (None, 1) => tracing::warn!("the answer of {name} was cut short; it is asked once more"),
            (None, _) => bail!("{name}: what it answers is cut short; try again, with -v to see more"),
        }
    };
    target.close().await;
    Ok(reply)
}
