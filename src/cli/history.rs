//! `backstay history`

use clap::Args;
use serde_json::json;

use super::{Global, context, look};
use crate::{
    machine::outcome,
    report::{escape, time},
};

/// What history takes.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// How many runs
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(global: &Global, args: &HistoryArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let runs = look::runs(&config, args.limit).await?;
    if runs.is_empty() && !global.json {
        println!("{}: no run yet", config.environment.name);
    }
    for known in runs {
        let about = &known.summary.about;
        let report = outcome(&known.journal, about, &known.run);
        if global.json {
            let at = |ms: Option<i64>| ms.map(time::rfc3339);
            let line = json!({"v": 1, "ts": time::now(), "event": "run", "run": known.run, "state": known.state,
                "command": about.command, "revision": about.revision, "actor": about.actor, "release": about.release,
                "previous_release": about.previous_release, "data": report.data, "downtime_ms": report.downtime_ms,
                "started_at": at(known.journal.started_ms), "finished_at": at(known.journal.ended_ms),
                "reason": report.reason});
            println!("{line}");
            continue;
        }
        let what = about.revision.clone().unwrap_or_else(|| about.command.clone());
        let downtime = match report.downtime_ms {
            Some(0) | None => String::new(),
            Some(ms) => format!(" · users saw maintenance for {}", time::duration(ms)),
        };
        let why = if known.state == "committed" { String::new() } else { format!(" · {}", report.reason) };
        let line = format!("{}  {:<11} {what} by {}{downtime}{why}", known.run, known.state, about.actor);
        println!("{}", escape(&line));
    }
    Ok(0)
}
