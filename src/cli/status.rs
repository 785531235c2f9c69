//! `backstay status`

use clap::Args;
use serde_json::json;

use super::{Global, context, look};
use crate::{
    machine::outcome,
    plan::Known,
    report::{escape, time},
};

/// What status takes.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Exit as the outcome of the run would: 0 idle or committed, 10 rolled back, 20 stuck, 30 unsettled, 75 running
    #[arg(long)]
    exit_code: bool,
}

pub(super) async fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let newest = look::runs(&config, 1).await?.into_iter().next();
    let state = newest.as_ref().map_or("idle", |known| known.state.as_str());
    if global.json {
        println!("{}", object(newest.as_ref(), state));
    } else {
        println!("{}", text(&config.environment.name, newest.as_ref()));
    }
    Ok(match state {
        _ if !args.exit_code => 0,
        "rolled-back" => 10,
        "stuck" => 20,
        "unsettled" => 30,
        "running" => 75,
        _ => 0,
    })
}

fn object(known: Option<&Known>, state: &str) -> serde_json::Value {
    let Some(known) = known else {
        return json!({"v": 1, "run": null, "state": state, "step": null, "release": null, "maintenance": false,
            "started_at": null, "finished_at": null, "reason": null});
    };
    let report = outcome(&known.journal, &known.summary.about, &known.run);
    let at = |ms: Option<i64>| ms.map(time::rfc3339);
    json!({
        "v": 1,
        "run": known.run,
        "state": state,
        "step": known.journal.running.as_deref().map(crate::journal::step_name).or(report.failed_step.as_deref()),
        "release": report.release,
        "maintenance": report.maintenance,
        "started_at": at(known.journal.started_ms),
        "finished_at": at(known.journal.ended_ms),
        "reason": reason(known).map(|()| report.reason.clone()),
    })
}

/// A run that ended well, or that has not ended, has no reason to tell.
fn reason(known: &Known) -> Option<()> {
    (known.state != "committed" && known.journal.end.is_some()).then_some(())
}

fn text(environment: &str, known: Option<&Known>) -> String {
    let Some(known) = known else { return format!("{environment}: idle, no run yet") };
    let report = outcome(&known.journal, &known.summary.about, &known.run);
    let about = &known.summary.about;
    let mut lines = vec![format!("{environment}: {}, run {}", known.state, known.run)];
    let mut line = |name: &str, value: Option<String>| {
        lines.extend(value.filter(|value| !value.is_empty()).map(|value| format!("  {name:<12} {}", escape(&value))));
    };
    line("command", Some(format!("{} by {}", about.command, about.actor)));
    line("revision", about.revision.clone());
    line("release", report.release.clone());
    line("step", known.journal.running.as_deref().map(|step| crate::journal::step_name(step).to_owned()));
    line("started", known.journal.started_ms.map(time::rfc3339));
    line("finished", known.journal.ended_ms.map(time::rfc3339));
    line("maintenance", report.maintenance.then(|| "on".to_owned()));
    line("reason", reason(known).map(|()| report.reason.clone()));
    let next = match known.state.as_str() {
        "unsettled" => Some(format!("backstay settle -e {environment}")),
        "stuck" => Some(format!("backstay settle -e {environment} --retry, once the cause is mended")),
        "running" => Some(format!("backstay abort -e {environment} asks it to roll back")),
        _ => None,
    };
    line("next", next);
    lines.join("\n")
}
