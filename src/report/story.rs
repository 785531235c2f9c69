//! What happened in a command, kept beside it for whoever comes after: the step that finishes tells it, also when the process
//! that lived it was killed. It holds what is shown and nothing else; every list has an end.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    layout::shortened,
    words::{site_is_back, step_head},
};
use crate::model::{Cause, Event, EventKind, OutcomeReport, RunId, RunKind, StepResult};

const FILE: &str = "story.json";
/// How many of a kind are kept; the others are counted.
const MANY: usize = 300;
/// How much of a text is kept.
const TEXT_MAX_BYTES: usize = 2_000;
/// How much of a plan is kept.
const SHOWN_MAX_BYTES: usize = 400_000;

/// One command, as far as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// `deploy`, `settle`, …; empty: it did not get so far.
    pub command: String,
    /// `app` of the configuration.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// The revision, where one is known.
    pub revision: Option<String>,
    /// The run, once there is one.
    pub run: Option<String>,
    /// Phases, steps and turns, in their order.
    pub rows: Several<Row>,
    /// Smoke checks.
    pub checks: Several<CheckRow>,
    /// Reasons to refuse, each with its remedy (untrusted).
    pub refusals: Several<(String, String)>,
    /// Warnings (untrusted).
    pub warnings: Several<String>,
    /// What failed first, with its last lines.
    pub failure: Option<Failure>,
    /// The result of a command that only looks (untrusted).
    pub shown: Option<String>,
    /// What a command says itself of its end: one that has several runs, or one whose finding is no outcome of a run.
    pub conclusion: Option<Conclusion>,
    /// Why there was no outcome at all.
    pub error: Option<String>,
    /// How it ended.
    pub ending: Option<End>,
    /// The exit code of the process; none: it was killed.
    pub exit_code: Option<u8>,
    /// The end was found out by a later process.
    pub found_later: bool,
    may_be_told_again: bool,
    /// Whether GitHub was told how it ended.
    pub is_told: bool,
}

/// An end in a command's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// Such as `passed`, `findings`.
    pub word: String,
    /// The same in a sentence (untrusted).
    pub sentence: String,
    /// What was found, in Markdown, foreign words in it escaped; empty where there is no more to say.
    pub markdown: String,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// What the runner did by itself.
    Phase {
        /// Its name.
        name: String,
        /// When it began, milliseconds since 1970.
        begun_ms: i64,
        /// How long it took.
        took_ms: u64,
        /// What was found (untrusted).
        note: String,
    },
    /// What ran on the target.
    Step {
        /// Its name.
        name: String,
        /// When it began, milliseconds since 1970.
        begun_ms: i64,
        /// How long it took.
        took_ms: u64,
        /// Whether it failed.
        failed: bool,
        /// What was found (untrusted).
        note: String,
    },
    /// A turn of the run.
    Turn {
        /// What it is.
        text: String,
        /// When.
        at_ms: i64,
    },
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its name.
    pub step: String,
    /// Whether it was its undo.
    pub undo: bool,
    /// The last lines that it printed (untrusted).
    pub lines: Vec<String>,
}

/// A smoke check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRow {
    /// What was checked.
    pub check: String,
    /// Whether it passed.
    pub passed: bool,
    /// Whether a failure decides.
    pub required: bool,
    /// What was seen (untrusted).
    pub note: String,
    /// How long it took.
    pub took_ms: u64,
}

/// The first of a kind, and how many more there were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Several<T> {
    /// The first ones.
    pub first: Vec<T>,
    /// How many are not kept.
    pub more: usize,
}

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: 0 }
    }
}

impl<T> Several<T> {
    /// How many there were.
    pub fn len(&self) -> usize {
        self.first.len() + self.more
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(&mut self, one: T) {
        if self.first.len() < MANY { self.first.push(one) } else { self.more += 1 }
    }
}

/// An [`OutcomeReport`] with what its JSON line leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    report: OutcomeReport,
    kind: RunKind,
    cause: Cause,
    run: Option<RunId>,
}

impl From<OutcomeReport> for End {
    fn from(report: OutcomeReport) -> Self {
        Self { kind: report.kind, cause: report.cause, run: report.run.clone(), report }
    }
}

impl End {
    /// The report, whole.
    pub fn report(&self) -> OutcomeReport {
        OutcomeReport { kind: self.kind, cause: self.cause, run: self.run.clone(), ..self.report.clone() }
    }
}

impl Story {
    /// Whether an event is a part of it.
    pub fn takes(event: &Event) -> bool {
        match event.kind {
            EventKind::PhaseBegun { .. }
            | EventKind::StepBegun { .. }
            | EventKind::StepOutput { .. }
            | EventKind::Restored
            | EventKind::Link { .. } => false,
            EventKind::Opened { .. }
            | EventKind::PhaseEnded { .. }
            | EventKind::StepEnded { .. }
            | EventKind::Taken { .. }
            | EventKind::MaintenanceOn
            | EventKind::MaintenanceOff { .. }
            | EventKind::Undoing { .. }
            | EventKind::Commit
            | EventKind::Checked { .. }
            | EventKind::Warning { .. }
            | EventKind::Refusal { .. }
            | EventKind::FailureOutput { .. }
            | EventKind::Outcome(_) => true,
        }
    }

    /// Takes one event in.
    pub fn event(&mut self, event: &Event) {
        if let Some(run) = &event.run {
            self.run = Some(run.to_string());
        }
        let at_ms = event.at_ms;
        if self.may_be_told_again && matches!(event.kind, EventKind::StepEnded { .. } | EventKind::MaintenanceOn) {
            self.may_be_told_again = false;
            self.rows = Several::default();
            self.checks = Several::default();
            self.failure = None;
        }
        match &event.kind {
            EventKind::Opened { command, app, environment, revision } => {
                // what settles it tells of the same run
                if self.command.is_empty() {
                    self.command = command.clone();
                    self.revision = revision.clone();
                }
                self.app = app.clone();
                self.environment = environment.clone();
            }
            EventKind::PhaseEnded { phase, note, duration_ms } => {
                self.rows.push(Row::Phase {
                    name: phase.as_str().to_owned(),
                    begun_ms: begun(at_ms, *duration_ms),
                    took_ms: *duration_ms,
                    note: shortened(note, TEXT_MAX_BYTES),
                });
            }
            EventKind::StepEnded { step, undo, result, note, duration_ms, .. } => {
                let failed = match result {
                    StepResult::Done => {
                        // an undo that was tried again
                        self.failure.take_if(|failure| *undo && failure.undo && failure.step == *step);
                        false
                    }
                    StepResult::Failed { .. } => true,
                    StepResult::Skipped => return,
                };
                self.rows.push(Row::Step {
                    name: step_head(step, *undo),
                    begun_ms: begun(at_ms, *duration_ms),
                    took_ms: *duration_ms,
                    failed,
                    note: shortened(note, TEXT_MAX_BYTES),
                });
            }
            EventKind::Taken { revision } => self.revision = revision.clone().or_else(|| self.revision.take()),
            EventKind::MaintenanceOn => self.turn("users see maintenance", at_ms),
            EventKind::MaintenanceOff { seen, .. } => self.turn(site_is_back(*seen), at_ms),
            EventKind::Undoing { .. } => self.turn("undoing", at_ms),
            EventKind::Commit => self.turn("committed", at_ms),
            EventKind::Checked { check, passed, required, note, duration_ms } => self.checks.push(CheckRow {
                check: check.clone(),
                passed: *passed,
                required: *required,
                note: shortened(note, TEXT_MAX_BYTES),
                took_ms: *duration_ms,
            }),
            EventKind::Warning { text } => self.warnings.push(shortened(text, TEXT_MAX_BYTES)),
            EventKind::Refusal { reason, remedy } => {
                self.refusals.push((shortened(reason, TEXT_MAX_BYTES), shortened(remedy, TEXT_MAX_BYTES)));
            }
            // The first failure is the cause; what fails after it is a consequence.
            EventKind::FailureOutput { step, lines } if self.failure.is_none() => {
                let last = &lines[lines.len().saturating_sub(MANY)..];
                let lines = last.iter().map(|line| shortened(line, TEXT_MAX_BYTES)).collect();
                let undo = step_head(step, true);
                let undo = matches!(self.rows.first.last(), Some(Row::Step { name, .. }) if *name == undo);
                self.failure = Some(Failure { step: step.clone(), undo, lines });
            }
            EventKind::Outcome(report) => self.ending = Some(report.clone().into()),
            EventKind::PhaseBegun { .. }
            | EventKind::StepBegun { .. }
            | EventKind::StepOutput { .. }
            | EventKind::Restored
            | EventKind::Link { .. }
            | EventKind::FailureOutput { .. } => {}
        }
    }

    /// The result of a command that looks.
    pub fn show(&mut self, text: &str) {
        self.shown = Some(shortened(text, SHOWN_MAX_BYTES));
    }

    /// The run may be told again from its beginning, by who settles it: what is known of it makes place then.
    pub fn tell_again(&mut self) {
        self.may_be_told_again = true;
    }

    /// The end was not seen by the process that was to see it.
    pub fn end_later(&mut self, report: OutcomeReport) {
        self.ending = Some(report.into());
        self.found_later = true;
    }

    /// Keeps it in a private folder; never half.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join(format!("{FILE}.new"));
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, folder.join(FILE))
    }

    /// What was kept; nothing, where no command came so far.
    pub fn read(folder: &Path) -> io::Result<Self> {
        match fs::read(folder.join(FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    fn turn(&mut self, text: &str, at_ms: i64) {
        self.rows.push(Row::Turn { text: text.to_owned(), at_ms });
    }
}

fn begun(at_ms: i64, took_ms: u64) -> i64 {
    at_ms.saturating_sub(i64::try_from(took_ms).unwrap_or(0))
}
