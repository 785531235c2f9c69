//! Plain lines with the time: for CI and files. At least one every 15 s while something runs.

use std::io::Write;

use super::{
    escape, time,
    words::{Mark, words},
};
use crate::model::{Event, EventKind};

/// The longest silence.
const SIGN_OF_LIFE_MS: i64 = 15_000;

pub(super) struct Plain {
    /// What runs now, since when, and its newest line.
    running: Option<(String, i64, String)>,
    last_ms: i64,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self { running: None, last_ms: 0 }
    }

    pub(super) fn event(&mut self, event: &Event, out: &mut dyn Write) {
        match &event.kind {
            EventKind::StepBegun { step, undo, .. } => {
                let name = if *undo { format!("undo {step}") } else { step.clone() };
                self.running = Some((name, event.at_ms, String::new()));
            }
            EventKind::PhaseBegun { phase } => {
                self.running = Some((phase.as_str().to_owned(), event.at_ms, String::new()));
            }
            EventKind::StepOutput { line, .. } => {
                if let Some((_, _, newest)) = &mut self.running {
                    newest.clone_from(line);
                }
            }
            EventKind::StepEnded { .. } | EventKind::PhaseEnded { .. } => self.running = None,
            EventKind::Opened { .. }
            | EventKind::MaintenanceOn
            | EventKind::MaintenanceOff { .. }
            | EventKind::Undoing { .. }
            | EventKind::Commit
            | EventKind::Restored
            | EventKind::Checked { .. }
            | EventKind::Warning { .. }
            | EventKind::Refusal { .. }
            | EventKind::Link { .. }
            | EventKind::FailureOutput { .. }
            | EventKind::Outcome(_) => {}
        }
        let Some(words) = words(&event.kind) else { return };
        let took = words.took_ms.map(|ms| format!("  ({})", time::duration(ms))).unwrap_or_default();
        let line = match words.mark {
            Mark::Turn => format!("── {} ──", words.text),
            Mark::Bad => format!("✗ {:<16} {}{took}", words.head, words.text),
            Mark::Warn => format!("! {:<16} {}{took}", words.head, words.text),
            Mark::Good | Mark::Plain => format!("  {:<16} {}{took}", words.head, words.text),
        };
        self.say(event.at_ms, line.trim_end(), out);
    }

    pub(super) fn tick(&mut self, now_ms: i64, out: &mut dyn Write) {
        let Some((name, since_ms, newest)) = &self.running else { return };
        if now_ms - self.last_ms.max(*since_ms) < SIGN_OF_LIFE_MS {
            return;
        }
        let elapsed = time::duration(u64::try_from(now_ms - since_ms).unwrap_or(0));
        let newest = if newest.is_empty() { String::new() } else { format!(": {}", escape(newest)) };
        let line = format!("  {:<16} runs for {elapsed}{newest}", escape(name));
        self.say(now_ms, &line, out);
    }

    fn say(&mut self, at_ms: i64, line: &str, out: &mut dyn Write) {
        self.last_ms = at_ms;
        let _ = writeln!(out, "{} {line}", time::clock(at_ms));
        let _ = out.flush();
    }
}
