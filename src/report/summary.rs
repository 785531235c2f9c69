//! The end: a table of steps with durations, the outcome in one sentence, and for a failure what to look at and do next.

use std::fmt::Write;

use super::{Options, escape, time};
use crate::model::{Data, Event, EventKind, Outcome, OutcomeReport, StepResult};

/// Lines of a failing script that are shown; the rest is in the log.
const TAIL_LINES: usize = 15;

pub(super) struct Summary {
    environment: String,
    steps: Vec<(String, u64, &'static str)>,
    failure: Option<(String, Vec<String>)>,
    refusals: Vec<(String, String)>,
    warnings: usize,
}

impl Summary {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            environment: options.environment.clone(),
            steps: Vec::new(),
            failure: None,
            refusals: Vec::new(),
            warnings: 0,
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepEnded { step, undo, result, duration_ms, .. } => {
                let name = if *undo { format!("undo {step}") } else { step.clone() };
                let mark = match result {
                    StepResult::Done => "",
                    StepResult::Failed { .. } => "failed",
                    StepResult::Skipped => return,
                };
                self.steps.push((name, *duration_ms, mark));
            }
            // The first failure is the cause; what fails after it is a consequence.
            EventKind::FailureOutput { step, lines } if self.failure.is_none() => {
                self.failure = Some((step.clone(), lines.clone()));
            }
            EventKind::Refusal { reason, remedy } => self.refusals.push((reason.clone(), remedy.clone())),
            EventKind::Warning { .. } => self.warnings += 1,
            EventKind::Opened { .. }
            | EventKind::PhaseBegun { .. }
            | EventKind::PhaseEnded { .. }
            | EventKind::StepBegun { .. }
            | EventKind::StepOutput { .. }
            | EventKind::MaintenanceOn
            | EventKind::MaintenanceOff { .. }
            | EventKind::Undoing { .. }
            | EventKind::Commit
            | EventKind::Restored
            | EventKind::Checked { .. }
            | EventKind::Link { .. }
            | EventKind::FailureOutput { .. }
            | EventKind::Outcome(_) => {}
        }
    }

    pub(super) fn text(&self, report: &OutcomeReport) -> String {
        let mut text = String::new();
        if !self.steps.is_empty() {
            text.push('\n');
            for (name, ms, mark) in &self.steps {
                let _ = writeln!(
                    text,
                    "  {}",
                    format!("{:<24} {:>12}  {mark}", escape(name), time::duration(*ms)).trim_end()
                );
            }
        }
        for (reason, remedy) in &self.refusals {
            let _ = writeln!(text, "\nrefused: {}", escape(reason));
            for line in remedy.lines() {
                let _ = writeln!(text, "  {}", escape(line));
            }
        }
        if let Some((step, lines)) = self.failure.as_ref().filter(|_| report.outcome != Outcome::Committed) {
            let _ = writeln!(text, "\nlast lines of {}:", escape(step));
            for line in &lines[lines.len().saturating_sub(TAIL_LINES)..] {
                let _ = writeln!(text, "  | {}", escape(line));
            }
        }
        let _ = writeln!(text, "\n{}", escape(&self.sentence(report)));
        for line in self.next(report) {
            let _ = writeln!(text, "  {line}");
        }
        text
    }

    fn sentence(&self, report: &OutcomeReport) -> String {
        let seen = match report.downtime_ms {
            Some(0) => " Users saw no maintenance.".to_owned(),
            Some(ms) => format!(" Users saw maintenance for {}.", time::duration(ms)),
            None => String::new(),
        };
        let failed = report.failed_step.as_ref().map(|step| format!("{step} failed: ")).unwrap_or_default();
        let reason = report.reason.trim_end_matches('.');
        match report.outcome {
            Outcome::Committed => format!("committed: {reason}. The new version is live{}.{seen}", data(report.data)),
            Outcome::RolledBack => format!("rolled back: {failed}{reason}. {}{seen}", old(report)),
            Outcome::Cancelled if report.run.is_none() => format!("cancelled: {reason}. Nothing was changed."),
            Outcome::Cancelled => format!("cancelled: {reason}. {}{seen}", old(report)),
            Outcome::Stuck => {
                let site =
                    if report.maintenance { "Users see maintenance, and" } else { "Users are not in maintenance;" };
                format!("STUCK: {failed}{reason}. {site} nothing more is touched until a person has looked.")
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

    fn next(&self, report: &OutcomeReport) -> Vec<String> {
        let environment = &self.environment;
        let logs = match (&report.run, &report.failed_step) {
            (Some(run), Some(step)) if self.failure.is_some() => {
                format!("full log: backstay logs {run} {step} -e {environment}")
            }
            (Some(run), _) => format!("full log: backstay logs {run} -e {environment}"),
            (None, _) => String::new(),
        };
        let mut lines = match report.outcome {
            Outcome::Committed | Outcome::Refused => vec![],
            Outcome::RolledBack | Outcome::Cancelled => vec![logs],
            Outcome::Stuck => vec![
                logs,
                format!("when the cause is mended: backstay settle -e {environment} --retry"),
                format!("or by hand, then: backstay settle -e {environment} --accept committed|rolled-back --yes"),
            ],
            Outcome::Locked => vec![format!("see: backstay status -e {environment}")],
            Outcome::InDoubt => vec![
                format!("see: backstay status -e {environment}"),
                format!("bring it to its end: backstay settle -e {environment}"),
            ],
        };
        lines.retain(|line| !line.is_empty());
        lines
    }
}

fn data(data: Data) -> &'static str {
    match data {
        Data::Migrated => " with its migrated data",
        Data::Untouched => ", the data was not touched",
        Data::Restored => " with the data from before",
        Data::KeptMigrated => ", the data stays migrated",
    }
}

fn old(report: &OutcomeReport) -> &'static str {
    match report.data {
        Data::Restored => "The old version is live with its data, compared.",
        Data::Untouched => "The old version is live, its data was not touched.",
        Data::KeptMigrated => "The old version is live; what the migration did to the data STAYS.",
        Data::Migrated => "The old version is live.",
    }
}
