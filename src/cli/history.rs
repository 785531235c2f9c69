//! `backstay history`

use std::io::IsTerminal;

use clap::Args;
use serde_json::json;

use super::{Global, context, look};
use crate::{
    journal::step_name,
    machine::outcome,
    plan::Known,
    report::{escape, json_line, result_line, time},
};

const EXAMPLES: &str = "Examples:
  backstay history -e staging -n 5
  backstay history -e staging --json | jq .downtime_ms";

/// What history takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HistoryArgs {
    /// How many runs, the newest first
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(global: &Global, args: &HistoryArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let runs = look::runs(&config, args.limit).await?;
    if global.json {
        for known in &runs {
            println!("{}", json_line(&object(known)));
        }
    } else {
        // scripts count lines
        println!("{}", table(&config.environment.name, &runs, std::io::stdout().is_terminal()));
    }
    Ok(0)
}

fn object(known: &Known) -> serde_json::Value {
    let about = &known.summary.about;
    let report = outcome(&known.journal, about, &known.run);
    let at = |ms: Option<i64>| ms.map(time::rfc3339);
    json!({"v": 1, "ts": time::now(), "event": "run", "run": known.run, "state": known.state,
        "command": about.command, "revision": about.revision, "actor": about.actor, "release": about.release,
        "previous_release": about.previous_release, "data": report.data, "downtime_ms": report.downtime_ms,
        "started_at": at(known.journal.started_ms), "finished_at": at(known.journal.ended_ms),
        "reason": report.reason})
}

fn table(environment: &str, runs: &[Known], with_head: bool) -> String {
    if runs.is_empty() {
        return format!("{environment}: no run yet");
    }
    let row = |cells: [&str; 5]| {
        let [run, state, took, maintenance, what] = cells.map(escape);
        format!("{run:<26}{state:<13}{took:>11}{maintenance:>13}  {what}").trim_end().to_owned()
    };
    let mut lines = Vec::new();
    if with_head {
        lines.push(row(["run", "state", "took", "maintenance", "what"]));
    }
    for known in runs {
        let about = &known.summary.about;
        let report = outcome(&known.journal, about, &known.run);
        let took = match (known.journal.started_ms, known.journal.ended_ms) {
            (Some(from), Some(to)) => time::duration(u64::try_from(to - from).unwrap_or(0)),
            (_, _) => String::new(),
        };
        let maintenance = match report.downtime_ms {
            Some(0) => "none".to_owned(),
            Some(ms) => time::duration(ms),
            None => String::new(),
        };
        let revision = about.revision.as_ref().map(|revision| format!(" {revision}")).unwrap_or_default();
        let what = format!("{}{revision} by {}", about.command, about.actor);
        lines.push(result_line(&row([&known.run, &known.state, &took, &maintenance, &what]), 26));
        let why = match known.state.as_str() {
            "committed" => continue,
            "running" | "unsettled" => {
                let step = known.journal.running.as_deref().map(step_name);
                let at = step.map(|step| format!("in {step}")).unwrap_or_default();
                let next = if known.state == "running" { "abort" } else { "settle" };
                format!("{at}; see backstay {next} -e {environment}")
            }
            _ => report.why(),
        };
        lines.push(result_line(&format!("{:26}{}", "", escape(why.trim_start_matches("; "))), 26));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{Abort, Direction, End, RunState},
        plan::{About, Summary},
    };

    fn known(run: &str, state: &str, abort: Option<Abort>, end: Option<End>) -> Known {
        let about = About {
            command: "deploy".into(),
            revision: Some("3f2a1c9".into()),
            actor: "alice".into(),
            ..About::default()
        };
        let journal = RunState {
            started_ms: Some(1_795_428_900_000),
            ended_ms: end.is_some().then_some(1_795_429_030_000),
            committed: abort.is_none() && end.is_some(),
            restored: abort.is_some(),
            abort,
            end,
            ..RunState::default()
        };
        Known { run: run.into(), state: state.into(), summary: Summary { about, ..Summary::default() }, journal }
    }

    #[test]
    fn runs_are_a_table_with_a_reason_where_one_is_due() {
        let abort = Abort { kind: "step".into(), step: "migrate".into(), text: "exit 1: \u{1b}[31mboom".into() };
        let runs = [
            known("20261123T101700Z-3f2a1c9", "running", None, None),
            known("20261123T101600Z-3f2a1c9", "rolled-back", Some(abort), Some(End::Decided(Direction::RolledBack))),
            known("20261123T101500Z-3f2a1c9", "committed", None, Some(End::Decided(Direction::Committed))),
        ];
        insta::assert_snapshot!(format!("{}\n\n{}", table("staging", &[], true), table("staging", &runs, true)));
    }
}
