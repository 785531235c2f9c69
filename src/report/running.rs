//! What runs now, since when, and the newest line of its output: for bars and signs of life.

use super::{escape, words::step_head};
use crate::model::{Event, EventKind, Phase};

pub(super) struct Running {
    /// Its name (escaped).
    pub(super) name: String,
    since_ms: i64,
    /// The newest line of its output (escaped).
    pub(super) newest: String,
}

impl Running {
    /// What an event makes of it.
    pub(super) fn follow(running: &mut Option<Self>, event: &Event) {
        let begin = |name: String| Some(Self { name: escape(&name), since_ms: event.at_ms, newest: String::new() });
        match &event.kind {
            EventKind::StepBegun { step, undo, .. } => *running = begin(step_head(step, *undo)),
            // the way there is not the target's, and has no event of its own
            EventKind::Opened { .. } => *running = begin(Phase::Connect.as_str().to_owned()),
            EventKind::PhaseBegun { phase } => *running = begin(phase.as_str().to_owned()),
            EventKind::StepOutput { line, .. } => {
                if let Some(running) = running {
                    running.newest = escape(line.trim());
                }
            }
            EventKind::StepEnded { .. }
            | EventKind::PhaseEnded { .. }
            | EventKind::Checked { .. }
            | EventKind::Undoing { .. }
            | EventKind::Commit
            | EventKind::Outcome(_) => *running = None,
            EventKind::Taken { .. }
            | EventKind::MaintenanceOn
            | EventKind::MaintenanceOff { .. }
            | EventKind::Restored
            | EventKind::Warning { .. }
            | EventKind::Refusal { .. }
            | EventKind::Link { .. }
            | EventKind::FailureOutput { .. } => {}
        }
    }

    pub(super) fn elapsed_ms(&self, now_ms: i64) -> u64 {
        u64::try_from(now_ms - self.since_ms).unwrap_or(0)
    }

    pub(super) fn since_ms(&self) -> i64 {
        self.since_ms
    }
}
