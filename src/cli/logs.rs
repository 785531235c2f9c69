//! `backstay logs`

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::{
    Global,
    context::{self, Usage},
    look,
};
use crate::report::{escape, time};

/// What logs takes.
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// The run [default: the newest]
    run: Option<String>,
    /// The step, such as migrate [default: all]
    step: Option<String>,
}

pub(super) async fn run(global: &Global, args: &LogsArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let found = look::logs(&config, args.run.as_deref(), args.step.as_deref()).await?;
    let Some((run, logs)) = found else {
        let what = args.run.as_ref().map_or_else(|| "no run yet".to_owned(), |run| format!("there is no run {run}"));
        return Err(anyhow!(Usage(format!("{}: {what}; backstay history shows the runs", config.environment.name))));
    };
    if let (true, Some(step)) = (logs.is_empty(), &args.step) {
        return Err(anyhow!(Usage(format!("run {run} has no log of a step {step}"))));
    }
    for (name, text) in logs {
        if global.json {
            for line in text.lines() {
                println!(
                    "{}",
                    json!({"v": 1, "ts": time::now(), "event": "log", "run": run, "step": name, "line": line})
                );
            }
            continue;
        }
        println!("── {name}");
        for line in text.lines() {
            println!("{}", escape(line));
        }
    }
    Ok(0)
}
