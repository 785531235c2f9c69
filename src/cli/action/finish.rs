//! `backstay action finish`: how it ended, for people and for the steps that follow.

use std::time::Duration;

use anyhow::Context as _;

use super::{
    super::{Cli, FAULT, context, look, look::Logs},
    deploy::Began,
    inputs::Inputs,
    job::Job,
    logs,
};
use crate::{
    drive::now_ms,
    github::{self, Context, KeyFile, LAST_WORD, commands},
    machine::{about_run, outcome},
    model::{Event, EventKind, Outcome, OutcomeReport, RunId},
    plan::hex,
    report::{End, Story, escape, next},
    target::end_left_over,
};

/// How long an end is waited for. After a cancel the runner gives all that is left five minutes.
const SETTLE_MAX: Duration = Duration::from_secs(210);
/// How many runs are looked at for the one of this job.
const RUNS: u32 = 50;

pub(super) async fn run() -> anyhow::Result<u8> {
    let variable = |name: &str| std::env::var(name).ok();
    let context = Context::read(variable)?;
    let inputs = Inputs::read(&context, variable)?;
    let story = Story::read(&inputs.folder).unwrap_or_default();
    let began = Began::with(&context, &inputs, story)?;
    let token = hex(&context::random(16)?);
    print!("{}", commands::stop(&token));
    let found = find_out(&began, &inputs).await;
    print!("{}", commands::resume(&token));
    let story = began.job.story();
    if let Some(found) = found {
        let command = format!("backstay logs {} -e {}", found.run, story.environment);
        logs::print(&found.logs, &command)?;
    }
    drop(began);
    KeyFile::remove(&inputs.folder).context("the key could not be removed")?;
    end_left_over(&KeyFile::within(&inputs.folder)).await;
    tell(&context, &story)?;
    Ok(0)
}

/// The end, where no step has seen it, and the run's logs. What cannot be found out is said.
async fn find_out(began: &Began, inputs: &Inputs) -> Option<Logs> {
    let job = &began.job;
    let before = job.story();
    let run = before.run.clone()?;
    let Ok(cli) = began.cli(inputs, Ok(inputs.settling())) else { return None };
    if is_open(&before) {
        let ended = tokio::time::timeout(SETTLE_MAX, end_of(&cli, &run)).await;
        let reason = match ended {
            Ok(Ok(report)) => {
                job.change(|story| story.end_later(report));
                None
            }
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => Some("the target is still busy with it".to_owned()),
        };
        if let Some(reason) = reason {
            let mut report = about_run(Outcome::InDoubt, reason, None, None);
            report.run = RunId::try_from(run.clone()).ok();
            let kind = EventKind::Outcome(report);
            job.change(|story| story.event(&Event { at_ms: now_ms(), run: None, kind }));
        }
    }
    let config = context::config(&cli.global).ok()?;
    let story = job.story();
    if story.found_later || !story.is_told {
        job.announce(&config, &story.command);
        if let Some(text) = job.tell_end(LAST_WORD).await {
            warn(job, text);
        }
    }
    look::logs(&config, Some(&run), None).await.unwrap_or_else(|error| {
        warn(job, format!("the logs of the steps could not be read: {error:#}"));
        None
    })
}

fn warn(job: &Job, text: String) {
    println!("! {}", escape(&text));
    job.change(|story| story.event(&Event { at_ms: now_ms(), run: None, kind: EventKind::Warning { text } }));
}

/// Whether nobody has seen the end of what changes a target.
fn is_open(story: &Story) -> bool {
    match &story.ending {
        Some(ending) => ending.report().outcome == Outcome::InDoubt,
        None => matches!(story.exit_code, None | Some(FAULT)),
    }
}

/// How the run ended. One that is under way is followed, one that was left is settled.
async fn end_of(settle: &Cli, run: &str) -> anyhow::Result<OutcomeReport> {
    let config = context::config(&settle.global)?;
    for _ in 0..2 {
        let known = look::runs(&config, RUNS).await?.into_iter().find(|known| known.run == run);
        match known {
            None => {
                let reason = "the step was ended before anything was changed".to_owned();
                return Ok(about_run(Outcome::Cancelled, reason, None, None));
            }
            Some(known) if known.journal.end.is_some() => {
                return Ok(outcome(&known.journal, &known.summary.about, run));
            }
            Some(_) => {
                println!("the deploying step ended before run {run} did: its end is waited for");
                if let Some(job) = &settle.global.job {
                    job.change(Story::tell_again);
                }
                Box::pin(super::super::run(settle)).await?;
            }
        }
    }
    anyhow::bail!("run {run} has no end yet")
}

/// Outputs, the summary, and one annotation where something is to be said.
fn tell(context: &Context, story: &Story) -> anyhow::Result<()> {
    let sentence = github::in_a_sentence(story);
    let report = story.ending.as_ref().map(End::report);
    if story.exit_code != Some(0) {
        let title = format!("{} → {}", story.app, story.environment);
        let title = if story.app.is_empty() { "Backstay".to_owned() } else { title };
        let failed = story.failure.as_ref().map(|failure| failure.step.as_str());
        let next = report.iter().flat_map(|report| next(report, &story.environment, failed, story.refusals.len()));
        let next: String = next.map(|(what, command)| format!("\n{what}: {command}")).collect();
        print!("{}", commands::error(&title, &format!("{sentence}{next}")));
    }
    if let Some(file) = &context.summary {
        github::write_summary(file, &github::markdown(story, &context.log_url()))
            .with_context(|| format!("the summary could not be written to {}", file.display()))?;
    }
    if let Some(file) = &context.output {
        let text = |value: Option<String>| value.unwrap_or_default();
        let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let report = report.as_ref();
        let data = report.and_then(|report| report.run.is_some().then_some(report.data));
        let outputs = [
            ("outcome", github::outcome_word(story).to_owned()),
            ("run", text(report.and_then(|report| report.run.as_ref().map(ToString::to_string)))),
            ("release", text(report.and_then(|report| report.release.clone()))),
            ("previous-release", text(report.and_then(|report| report.previous_release.clone()))),
            ("downtime-ms", number(report.and_then(|report| report.downtime_ms))),
            ("rollback-ms", number(report.and_then(|report| report.rollback_ms))),
            ("failed-step", text(report.and_then(|report| report.failed_step.clone()))),
            ("data", data.map(|data| data.as_str().to_owned()).unwrap_or_default()),
            ("summary", sentence),
        ];
        github::write_outputs(file, &outputs, &hex(&context::random(16)?))
            .with_context(|| format!("the outputs could not be written to {}", file.display()))?;
    }
    Ok(())
}
