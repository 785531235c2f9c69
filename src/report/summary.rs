//! The end: a table of steps with durations, the outcome in one sentence, and for a failure what to look at and do next.

use super::{
    Options, escape,
    layout::{Layout, pad},
    paint::{GREEN, Paint, RED, YELLOW},
    time,
    words::{one_line, site_is_back, step_head},
};
use crate::model::{Cause, Data, Event, EventKind, Outcome, OutcomeReport, RunKind, StepResult};

/// Lines of a failing script that are shown; the rest is in the log.
const TAIL_LINES: usize = 15;
/// What is shown of each of them.
const TAIL_LINE_MAX: usize = 400;

pub(super) struct Summary {
    environment: String,
    rows: Vec<Row>,
    began_ms: Option<i64>,
    ended_ms: i64,
    failure: Option<(String, Vec<String>)>,
    refusals: Vec<(String, String)>,
}

/// A line of the table.
enum Row {
    Step { name: String, took_ms: u64, failed: bool },
    Turn(&'static str),
}

impl Summary {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            environment: options.environment.clone(),
            rows: Vec::new(),
            began_ms: None,
            ended_ms: 0,
            failure: None,
            refusals: Vec::new(),
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        self.began_ms.get_or_insert(event.at_ms);
        self.ended_ms = event.at_ms;
        let turn = |text| Row::Turn(text);
        match &event.kind {
            EventKind::StepEnded { step, undo, result, duration_ms, .. } => {
                let failed = match result {
                    StepResult::Done => {
                        // an undo that was tried again
                        self.failure.take_if(|(failed, _)| *undo && failed == step);
                        false
                    }
                    StepResult::Failed { .. } => true,
                    StepResult::Skipped => return,
                };
                self.rows.push(Row::Step { name: step_head(step, *undo), took_ms: *duration_ms, failed });
            }
            EventKind::MaintenanceOn => self.rows.push(turn("users see maintenance")),
            EventKind::MaintenanceOff { seen, .. } => self.rows.push(turn(site_is_back(*seen))),
            EventKind::Undoing { .. } => self.rows.push(turn("undoing")),
            EventKind::Commit => self.rows.push(turn("committed")),
            // The first failure is the cause; what fails after it is a consequence.
            EventKind::FailureOutput { step, lines } if self.failure.is_none() => {
                self.failure = Some((step.clone(), lines.clone()));
            }
            EventKind::Refusal { reason, remedy } => self.refusals.push((reason.clone(), remedy.clone())),
            EventKind::Opened { .. }
            | EventKind::PhaseBegun { .. }
            | EventKind::PhaseEnded { .. }
            | EventKind::StepBegun { .. }
            | EventKind::StepOutput { .. }
            | EventKind::Restored
            | EventKind::Checked { .. }
            | EventKind::Warning { .. }
            | EventKind::Link { .. }
            | EventKind::FailureOutput { .. }
            | EventKind::Outcome(_) => {}
        }
    }

    /// All of it. On a screen long sentences are wrapped; elsewhere a sentence is a line.
    pub(super) fn text(&self, report: &OutcomeReport, screen: Option<Layout>, paint: Paint) -> String {
        let mut lines = self.table(report);
        for (reason, remedy) in &self.refusals {
            lines.push(String::new());
            lines.extend(paragraph(screen, &format!("refused: {}", escape(reason)), 2));
            lines.extend(remedy.lines().map(|line| format!("  {}", escape(line))));
        }
        if let Some((step, tail)) = self.failure.as_ref().filter(|_| report.outcome != Outcome::Committed) {
            lines.push(String::new());
            lines.push(format!("last lines of {}:", escape(step)));
            let end = tail.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
            let last = &tail[end.saturating_sub(TAIL_LINES)..end];
            lines.extend(last.iter().map(|line| format!("  │ {}", shortened(&escape(line))).trim_end().to_owned()));
        }
        lines.push(String::new());
        let color = match report.outcome {
            Outcome::Committed => GREEN,
            Outcome::RolledBack | Outcome::Cancelled | Outcome::Locked => YELLOW,
            Outcome::Stuck | Outcome::Refused | Outcome::InDoubt => RED,
        };
        let sentence = paragraph(screen, &one_line(&self.sentence(report)), 2);
        lines.extend(sentence.iter().map(|line| paint.text(color, line)));
        let next = self.next(report);
        let width = next.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
        lines.extend(next.iter().map(|(what, command)| format!("  {}  {command}", pad(what, width))));
        lines.join("\n") + "\n"
    }

    fn table(&self, report: &OutcomeReport) -> Vec<String> {
        if !self.rows.iter().any(|row| matches!(row, Row::Step { .. })) {
            return Vec::new();
        }
        let mut lines = vec![String::new(), format!("  {:<24} {:>11}", "step", "took")];
        lines.extend(self.rows.iter().map(|row| match row {
            Row::Turn(text) => format!("  ── {text} ──"),
            Row::Step { name, took_ms, failed } => {
                let mark = if *failed { "  ✗ failed" } else { "" };
                format!("  {} {:>11}{mark}", pad(&escape(name), 24), time::duration(*took_ms))
            }
        }));
        let all_ms = u64::try_from(self.ended_ms - self.began_ms.unwrap_or(self.ended_ms)).unwrap_or(0);
        lines.push(format!("  {:<24} {:>11}", "total", time::duration(all_ms)));
        lines.extend(
            report
                .downtime_ms
                .filter(|ms| *ms > 0)
                .map(|ms| format!("  {:<24} {:>11}", "users saw maintenance", time::duration(ms))),
        );
        lines
    }

    fn sentence(&self, report: &OutcomeReport) -> String {
        let reason = report.reason.trim_end().trim_end_matches('.').trim_end();
        let site = || format!("{}{}", site(report), seen(report));
        // `rolled back: migrate failed: …`, `rolled back during migrate: …`
        let because = match (report.cause, &report.failed_step) {
            (Cause::Stop, Some(_)) => format!(" {}", report.why()),
            (Cause::Stop | Cause::Failure, _) => format!(": {}", report.why()),
        };
        match report.outcome {
            Outcome::Committed => format!("committed: {reason}. {}", site()),
            Outcome::RolledBack => format!("rolled back{because}. {}", site()),
            Outcome::Cancelled if report.run.is_none() => format!("cancelled: {reason}. Nothing was changed."),
            Outcome::Cancelled => format!("cancelled{because}. {}", site()),
            Outcome::Stuck => {
                let site =
                    if report.maintenance { "Users see maintenance, and" } else { "Users are not in maintenance;" };
                format!("STUCK: {}. {site} nothing more is touched until a person has looked.", report.why())
            }
            Outcome::Refused => match self.refusals.len() {
                0 => format!("refused: {reason}. Nothing was changed."),
                1 => "refused for the reason above. Nothing was changed.".to_owned(),
                many => format!("refused for the {many} reasons above. Nothing was changed."),
            },
            Outcome::Locked => format!("locked: {reason}. Nothing was changed."),
            Outcome::InDoubt => format!("in doubt: {reason}."),
        }
    }

    /// What to look at and do: what for, and the command.
    fn next(&self, report: &OutcomeReport) -> Vec<(&'static str, String)> {
        let environment = &self.environment;
        let log = match (&report.run, &report.failed_step) {
            (Some(run), Some(step)) if self.failure.as_ref().is_some_and(|(failed, _)| failed == step) => {
                Some(("full log", format!("backstay logs {run} {step} -e {environment}")))
            }
            (Some(run), _) => Some(("full log", format!("backstay logs {run} -e {environment}"))),
            (None, _) => None,
        };
        let status = format!("backstay status -e {environment}");
        let mut lines = Vec::new();
        match report.outcome {
            Outcome::Committed => {}
            Outcome::Refused => lines.extend(
                (self.refusals.len() > 1).then(|| ("see all again", format!("backstay plan --probe -e {environment}"))),
            ),
            Outcome::RolledBack => {
                lines.extend(log);
                let command = match report.kind {
                    RunKind::FirstDeploy | RunKind::Deploy => Some("deploy"),
                    RunKind::Rollback => Some("rollback"),
                    RunKind::Restore => Some("backup list"),
                    RunKind::Beside => None,
                };
                let again = |command| ("once it is mended", format!("backstay {command} -e {environment}"));
                lines.extend(command.map(again));
            }
            Outcome::Cancelled => lines.extend(log),
            Outcome::Stuck => {
                lines.extend(log);
                lines.push(("the cause is mended", format!("backstay settle -e {environment} --retry")));
                let accept = format!("backstay settle -e {environment} --accept committed|rolled-back --yes");
                lines.push(("mended by hand", accept));
            }
            Outcome::Locked => {
                lines.push(("see how it goes", status));
                lines.push(("make it roll back", format!("backstay abort -e {environment}")));
            }
            Outcome::InDoubt => {
                lines.push(("see how it goes", status));
                lines.push(("bring it to its end", format!("backstay settle -e {environment}")));
            }
        }
        lines
    }
}

fn paragraph(screen: Option<Layout>, text: &str, indent: usize) -> Vec<String> {
    screen.map_or_else(|| vec![text.to_owned()], |layout| layout.paragraph(text, indent))
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(TAIL_LINE_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// What is live, with which data.
fn site(report: &OutcomeReport) -> String {
    match (report.kind, report.outcome, report.data) {
        (RunKind::Beside, Outcome::Committed, _) => return "The site and its data were not touched.".to_owned(),
        (RunKind::Beside, _, _) => {
            return "The site and its data were not touched, and nothing of the run is left.".to_owned();
        }
        (RunKind::Restore, Outcome::Committed, _) => return "The restored data is live.".to_owned(),
        (RunKind::Restore, _, Data::Restored) => return "The data from before is live again, compared.".to_owned(),
        (RunKind::Restore, _, _) => return "The live data was not touched.".to_owned(),
        (RunKind::FirstDeploy | RunKind::Deploy | RunKind::Rollback, _, _) => {}
    }
    let live = match report.outcome {
        Outcome::Committed if report.kind == RunKind::Rollback => "The earlier version is live",
        Outcome::Committed => "The new version is live",
        // a first deploy goes back to nothing
        Outcome::RolledBack
        | Outcome::Cancelled
        | Outcome::Stuck
        | Outcome::Refused
        | Outcome::Locked
        | Outcome::InDoubt => match report.kind {
            RunKind::FirstDeploy => "No version is live, as before",
            RunKind::Deploy | RunKind::Restore | RunKind::Beside => "The old version is live",
            RunKind::Rollback => "The version from before this rollback is live",
        },
    };
    let data = match (report.outcome, report.data) {
        (Outcome::Committed, Data::Migrated) => " with its migrated data",
        (Outcome::Committed, Data::Restored) => " with the data that it had",
        (_, Data::Restored) if report.kind == RunKind::FirstDeploy => "; the data are as before, compared",
        (_, Data::Restored) => " with its data, compared",
        (_, Data::Untouched) => ", the data was not touched",
        (Outcome::Committed, Data::KeptMigrated) => ", the data stays migrated",
        (_, Data::KeptMigrated) => "; what the migration did to the data STAYS",
        (_, Data::Migrated) => "",
    };
    format!("{live}{data}.")
}

/// What users saw, and see.
fn seen(report: &OutcomeReport) -> String {
    let back = match report.rollback_ms {
        Some(ms) if report.outcome != Outcome::Committed => format!("; going back took {}", time::duration(ms)),
        Some(_) | None => String::new(),
    };
    let saw = match report.downtime_ms {
        // without a version there was nothing to see
        Some(0) if report.maintenance || matches!(report.kind, RunKind::FirstDeploy | RunKind::Beside) => String::new(),
        Some(0) => " Users saw no maintenance.".to_owned(),
        Some(ms) => format!(" Users saw maintenance for {}{back}.", time::duration(ms)),
        None => String::new(),
    };
    let still =
        if report.maintenance { " Users still see maintenance: it was on before the run and was left on." } else { "" };
    format!("{saw}{still}")
}
