//! `backstay status`

use clap::Args;
use serde_json::json;

use super::{Global, context, look};
use crate::{
    drive::now_ms,
    machine::outcome,
    model::{Cause, Data, OutcomeReport, RunKind},
    plan::Known,
    report::{escape, json_line, result_line, time},
};

const EXAMPLES: &str = "Examples:
  backstay status -e staging
  backstay status -e staging --json --exit-code

It is 0 whenever it could look, whatever it saw; with --exit-code it says that by its exit code.";

/// What status takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatusArgs {
    /// Exit by the state: 0 idle or committed, 10 rolled back, 20 stuck, 30 unsettled, 75 running
    #[arg(long)]
    exit_code: bool,
}

pub(super) async fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let newest = look::runs(&config, 1).await?.into_iter().next();
    let state = newest.as_ref().map_or("idle", |known| known.state.as_str());
    if global.json {
        println!("{}", json_line(&object(newest.as_ref(), state)));
    } else {
        context::show(global, &text(&config.environment.name, newest.as_ref(), now_ms()));
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

fn text(environment: &str, known: Option<&Known>, now_ms: i64) -> String {
    let Some(known) = known else {
        return format!("{environment}: idle, no run yet\n  next         backstay plan --probe -e {environment}");
    };
    let report = outcome(&known.journal, &known.summary.about, &known.run);
    let (about, journal) = (&known.summary.about, &known.journal);
    let mut lines = vec![format!("{environment}: {} · {}", escape(&known.state), in_words(known, &report))];
    let mut line = |name: &str, value: Option<String>| {
        let value = value.filter(|value| !value.is_empty());
        lines.extend(value.map(|value| result_line(&format!("  {name:<12} {}", escape(&value)), 15)));
    };
    let revision = about.revision.as_ref().map(|revision| format!(" of revision {revision}")).unwrap_or_default();
    line("maintenance", maintenance(known, &report, now_ms));
    line("run", Some(known.run.clone()));
    line("what", Some(format!("{}{revision} by {}", about.command, about.actor)));
    line("reason", reason(known).map(|()| report.reason.clone()));
    let at = match report.cause {
        Cause::Failure => "failed",
        Cause::Stop => "during",
    };
    line(at, reason(known).and(report.failed_step.clone()));
    line("step", journal.running.as_deref().map(|step| crate::journal::step_name(step).to_owned()));
    match known.state.as_str() {
        "committed" | "rolled-back" => line("live", report.release.clone()),
        _ => {
            let release = |release: &Option<String>| release.clone().unwrap_or_else(|| "no version".to_owned());
            let (before, new) = (release(&about.previous_release), release(&about.release));
            line("release", Some(format!("{before} before the run, {new} after it")));
        }
    }
    line("started", journal.started_ms.map(|ms| format!("{} ({})", time::moment(ms), time::ago(ms, now_ms))));
    line("ended", journal.ended_ms.map(|ms| format!("{} ({})", time::moment(ms), time::ago(ms, now_ms))));
    for (n, next) in next(environment, known).into_iter().enumerate() {
        line(if n == 0 { "next" } else { "" }, Some(next));
    }
    lines.join("\n")
}

/// What the state means for the site.
fn in_words(known: &Known, report: &OutcomeReport) -> &'static str {
    match (known.state.as_str(), report.kind) {
        ("committed", RunKind::Beside) => return "the site and its data were not part of it",
        ("rolled-back", RunKind::Beside) => return "nothing of it is left; the site and its data were not part of it",
        ("committed", RunKind::Restore) => return "the restored data is live",
        ("rolled-back", RunKind::Restore) => return "the data from before is live",
        (_, _) => {}
    }
    match (known.state.as_str(), report.data) {
        ("running", _) if known.journal.committed => "the new version is live; the run is finishing",
        ("running", _) if known.journal.abort.is_some() => "it is being rolled back",
        ("running", _) => "a run is in progress",
        ("unsettled", _) => "a run was left without an end, and nobody is working on it",
        ("stuck", _) => "a person is needed; nothing more is touched until then",
        ("committed", Data::Migrated) => "the new version is live with its migrated data",
        ("committed", _) => "the new version is live",
        ("rolled-back", Data::KeptMigrated) => "the old version is live; what the migration did to the data STAYS",
        ("rolled-back", Data::Restored) => "the old version is live with its data",
        ("rolled-back", _) => "the old version is live, the data was not touched",
        (_, _) => "",
    }
}

fn maintenance(known: &Known, report: &OutcomeReport, now_ms: i64) -> Option<String> {
    let journal = &known.journal;
    match (report.maintenance, journal.maintenance_on_ms, journal.maintenance_off_ms) {
        (true, Some(on_ms), _) => {
            Some(format!("ON: users have seen it since {} ({})", time::moment(on_ms), time::ago(on_ms, now_ms)))
        }
        (true, None, _) => Some("ON: it was on before the run and was left on".to_owned()),
        (false, Some(on_ms), Some(off_ms)) => {
            let took = u64::try_from(off_ms.saturating_sub(on_ms)).unwrap_or(0);
            Some(format!("off; users saw it for {}", time::duration(took)))
        }
        (false, _, _) => Some("off".to_owned()),
    }
}

fn next(environment: &str, known: &Known) -> Vec<String> {
    let run = &known.run;
    let log = format!("backstay logs {run} -e {environment}  # what its scripts printed");
    match known.state.as_str() {
        "unsettled" => {
            let guard = match known.journal.reported("guard") {
                Some("cron") => ", and cron on the target within a minute where it runs",
                Some("systemd") => ", and systemd on the target within a minute",
                Some(_) | None => "",
            };
            vec![
                format!("backstay settle -e {environment}  # brings it to its end; so does the next deploy{guard}"),
                log,
            ]
        }
        "stuck" => vec![
            log,
            format!("backstay settle -e {environment} --retry  # once the cause is mended"),
            format!(
                "backstay settle -e {environment} --accept committed|rolled-back  # once you have mended it by hand"
            ),
        ],
        "running" => vec![format!("backstay abort -e {environment}  # asks it to roll back"), log],
        "rolled-back" => vec![log],
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{Abort, Direction, End},
        plan::{About, Summary},
    };

    /// A run that began at 10:15, with maintenance from 10:16 on.
    fn known(state: &str, change: impl FnOnce(&mut Known)) -> Known {
        let at = 1_795_428_900_000;
        let about = About {
            command: "deploy".into(),
            revision: Some("3f2a1c9".into()),
            actor: "alice (GitHub)".into(),
            release: Some("releases/20261123T101500Z-3f2a1c9".into()),
            previous_release: Some("releases/20261122T090000Z-aaaaaaa".into()),
            ..About::default()
        };
        let mut known = Known {
            run: "20261123T101500Z-3f2a1c9".into(),
            state: state.into(),
            summary: Summary { about, ..Summary::default() },
            journal: crate::journal::RunState { started_ms: Some(at), ..Default::default() },
        };
        known.journal.begun = vec!["07-migrate".into()];
        known.journal.maintenance_on_ms = Some(at + 60_000);
        known.journal.reported.push(("maintenance".into(), "on".into()));
        change(&mut known);
        known
    }

    fn ended(known: &mut Known, end: End) {
        known.journal.ended_ms = known.journal.started_ms.map(|ms| ms + 130_000);
        if matches!(end, End::Decided(_)) {
            known.journal.maintenance_off_ms = known.journal.started_ms.map(|ms| ms + 120_000);
            known.journal.reported = vec![("maintenance".into(), "off".into()), ("data".into(), "restored".into())];
        }
        known.journal.end = Some(end);
    }

    #[test]
    fn every_state_says_what_it_means_and_what_to_do() {
        let why = "exit 1: SQLSTATE[42S21] \u{1b}[31m";
        let abort = |known: &mut Known| {
            known.journal.abort = Some(Abort { kind: "step".into(), step: "migrate".into(), text: why.into() });
        };
        let states = [
            known("running", |known| known.journal.running = Some("07-migrate".into())),
            known("unsettled", |known| known.journal.running = Some("07-migrate".into())),
            known("stuck", |known| {
                abort(known);
                ended(known, End::Stuck { at: "protect".into(), text: "the copy is missing".into() });
            }),
            known("committed", |known| {
                known.journal.committed = true;
                ended(known, End::Decided(Direction::Committed));
                known.journal.reported[1].1 = "migrated".into();
            }),
            known("rolled-back", |known| {
                abort(known);
                known.journal.restored = true;
                ended(known, End::Decided(Direction::RolledBack));
            }),
        ];
        let now_ms = 1_795_428_900_000 + 600_000;
        let mut all = vec![text("staging", None, now_ms)];
        all.extend(states.iter().map(|known| text("staging", Some(known), now_ms)));
        insta::assert_snapshot!(all.join("\n\n"));
    }
}
