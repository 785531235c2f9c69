//! `backstay logs`

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::{
    Global,
    context::{self, Usage},
    look::{self, Logs},
};
use crate::report::{escape, json_line, time};

const EXAMPLES: &str = "Examples:
  backstay logs -e staging
  backstay logs 20261123T101500Z-3f2a1c9 migrate -e staging";

/// What logs takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LogsArgs {
    /// The run [default: the newest]
    run: Option<String>,
    /// The step, such as migrate [default: all]
    step: Option<String>,
}

/// One line of a log, as scripts of users rely on it.
#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    ts: String,
    event: &'static str,
    run: &'a str,
    step: &'a str,
    line: &'a str,
}

pub(super) async fn run(global: &Global, args: &LogsArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let found = look::logs(&config, args.run.as_deref(), args.step.as_deref()).await?;
    let environment = &config.environment.name;
    let Some(found) = found else {
        let what = args.run.as_ref().map_or_else(|| "no run yet".to_owned(), |run| format!("there is no run {run}"));
        return Err(anyhow!(Usage(format!(
            "{environment}: {what}; `backstay history -e {environment}` shows the runs"
        ))));
    };
    if let (true, Some(step)) = (found.logs.is_empty(), &args.step) {
        let run = &found.run;
        let text = format!(
            "run {run} has no log of a step {step}: `backstay logs {run} -e {environment}` shows all that there are"
        );
        return Err(anyhow!(Usage(text)));
    }
    if global.json {
        for (name, text) in &found.logs {
            for line in text.lines() {
                let (ts, run) = (time::now(), &found.run);
                println!("{}", json_line(&Line { v: 1, ts, event: "log", run, step: name, line }));
            }
        }
    } else {
        println!("{}", text(&found));
    }
    Ok(0)
}

/// What was printed, and last the names of those that printed nothing.
fn text(found: &Logs) -> String {
    let mut lines = vec![format!("run {} · {}", escape(&found.run), escape(&found.state))];
    let (silent, loud): (Vec<_>, Vec<_>) = found.logs.iter().partition(|(_, text)| text.trim().is_empty());
    for (name, text) in loud {
        lines.push(format!("── {} ──", heading(name)));
        lines.extend(text.lines().map(escape));
    }
    if !silent.is_empty() {
        let names: Vec<String> = silent.iter().map(|(name, _)| heading(name)).collect();
        lines.push(format!("── nothing was printed by: {}", names.join(", ")));
    }
    lines.join("\n")
}

/// `08-migrate.undo` is the undo of a step.
fn heading(name: &str) -> String {
    escape(&name.strip_suffix(".undo").map_or_else(|| name.to_owned(), |step| format!("undo {step}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_shown_and_not_obeyed() {
        let log = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let found = Logs {
            run: "20261123T101500Z-3f2a1c9".to_owned(),
            state: "rolled-back".to_owned(),
            logs: vec![
                log("07-protect", ""),
                log("08-migrate", "Migrating: a\n::error::x\n\u{1b}[31m red\r\n"),
                log("08-migrate.undo", "\n"),
                log("finish-01-smoke-old", "GET / 200\n"),
            ],
        };
        insta::assert_snapshot!(text(&found), @r"
        run 20261123T101500Z-3f2a1c9 · rolled-back
        ── 08-migrate ──
        Migrating: a
        : :error::x
        \u{1b}[31m red
        ── finish-01-smoke-old ──
        GET / 200
        ── nothing was printed by: 07-protect, undo 08-migrate
        ");
    }
}
