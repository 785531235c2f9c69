//! The words of an event, the same in bars and plain lines.

use super::{escape, time};
use crate::model::{Event, EventKind, StepResult};

/// What one event says, without its time; none for those that only bars and signs of life use.
pub(super) struct Words {
    /// The column of the step or phase.
    pub(super) head: String,
    /// What is said of it.
    pub(super) text: String,
    /// How long it took.
    pub(super) took_ms: Option<u64>,
    /// How it is marked.
    pub(super) mark: Mark,
}

/// How a line is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Bad,
    Warn,
    /// A turn of the run: it stands between rules.
    Turn,
    /// What the command is about to do.
    Title,
}

impl Mark {
    /// The sign before a line.
    pub(super) const fn sign(self) -> char {
        match self {
            Self::Good => '✓',
            Self::Bad => '✗',
            Self::Warn => '!',
            Self::Turn | Self::Title => ' ',
        }
    }
}

/// Finds words; a reason that has just been read is not said again.
#[derive(Default)]
pub(super) struct Speaker {
    failed: Vec<String>,
}

impl Speaker {
    pub(super) fn words(&mut self, event: &Event) -> Option<Words> {
        let words = |head: &str, text: String, took_ms, mark| {
            Some(Words { head: escape(head), text: one_line(&text), took_ms, mark })
        };
        let turn = |text: &str| words("", text.to_owned(), None, Mark::Turn);
        match &event.kind {
            EventKind::Opened { command, app, environment, revision } => {
                let revision = revision.as_ref().map(|revision| format!(" · revision {}", short(revision)));
                let run = event.run.as_ref().map(|run| format!(" · run {run}"));
                let text = format!(
                    "{command} · {app} → {environment}{}{}",
                    revision.unwrap_or_default(),
                    run.unwrap_or_default()
                );
                words("backstay", text, None, Mark::Title)
            }
            EventKind::PhaseEnded { phase, note, duration_ms } => {
                words(phase.as_str(), note.clone(), Some(*duration_ms), Mark::Good)
            }
            EventKind::StepEnded { step, undo, result, note, duration_ms, .. } => {
                let head = step_head(step, *undo);
                match result {
                    StepResult::Done => words(&head, note.clone(), Some(*duration_ms), Mark::Good),
                    StepResult::Failed { code } => {
                        self.failed.push(note.clone());
                        let note = if note.is_empty() { String::new() } else { format!(": {note}") };
                        words(&head, format!("{}{note}", ended_by(*code)), Some(*duration_ms), Mark::Bad)
                    }
                    StepResult::Skipped => None,
                }
            }
            EventKind::MaintenanceOn => turn("users see maintenance"),
            EventKind::MaintenanceOff { downtime_ms, seen } => {
                turn(&format!("{}, after {}", site_is_back(*seen), time::duration(*downtime_ms)))
            }
            EventKind::Undoing { reason } => {
                let is_known = self.failed.iter().any(|note| !note.is_empty() && reason.contains(note.as_str()));
                turn(&if is_known { "undoing".to_owned() } else { format!("undoing: {reason}") })
            }
            EventKind::Commit => turn("committed: from here only forward"),
            EventKind::Restored => turn("code and data are as before"),
            EventKind::Checked { check, passed, required, note, duration_ms } => {
                let mark = match (passed, required) {
                    (true, _) => Mark::Good,
                    (false, true) => Mark::Bad,
                    (false, false) => Mark::Warn,
                };
                if mark == Mark::Bad {
                    self.failed.push(note.clone());
                }
                words("check", format!("{check}: {note}"), Some(*duration_ms), mark)
            }
            EventKind::Warning { text } => words("note", text.clone(), None, Mark::Warn),
            EventKind::Link { up, note } => {
                words("link", note.clone(), None, if *up { Mark::Good } else { Mark::Warn })
            }
            EventKind::PhaseBegun { .. }
            | EventKind::Taken { .. }
            | EventKind::StepBegun { .. }
            | EventKind::StepOutput { .. }
            | EventKind::Refusal { .. }
            | EventKind::FailureOutput { .. }
            | EventKind::Outcome(_) => None,
        }
    }
}

/// An exit status as people know it: above 128 a shell tells the signal that ended its child.
fn ended_by(code: i32) -> String {
    match code {
        129 => "ended by SIGHUP".to_owned(),
        130 => "ended by SIGINT".to_owned(),
        137 => "ended by SIGKILL".to_owned(),
        143 => "ended by SIGTERM".to_owned(),
        code => format!("exit {code}"),
    }
}

/// A step's name, as it is told of it or of its undo.
pub fn step_head(step: &str, undo: bool) -> String {
    if undo { format!("undo {step}") } else { step.to_owned() }
}

/// A sentence of a script, without the blanks that it was laid out with (escaped).
pub fn one_line(text: &str) -> String {
    escape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A commit's id as people know it.
fn short(revision: &str) -> &str {
    if revision.len() == 40 && revision.is_ascii() { &revision[..7] } else { revision }
}

/// Maintenance is over: what is known of the site then.
pub const fn site_is_back(seen: bool) -> &'static str {
    if seen { "users see the site again" } else { "maintenance is lifted" }
}
