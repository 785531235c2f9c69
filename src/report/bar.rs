//! On a terminal: what has ended as lines, what runs as one line that lives.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    escape, time,
    words::{Mark, Words, words},
};
use crate::model::{Event, EventKind};

pub(super) struct Bars {
    bar: ProgressBar,
    color: bool,
    running: Option<String>,
}

impl Bars {
    pub(super) fn new(color: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = if color { "{spinner:.cyan} {msg}" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, color, running: None }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepBegun { step, undo, .. } => {
                self.begin(if *undo { format!("undo {step}") } else { step.clone() });
            }
            EventKind::PhaseBegun { phase } => self.begin(phase.as_str().to_owned()),
            EventKind::StepOutput { line, .. } => self.show(line),
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
        if let Some(words) = words(&event.kind) {
            self.bar.println(self.line(&words));
        }
    }

    pub(super) fn tick(&self) {
        if let Some(running) = &self.running {
            let elapsed = time::duration(u64::try_from(self.bar.elapsed().as_millis()).unwrap_or(0));
            self.bar.set_prefix(format!("{running} {elapsed}"));
        }
    }

    pub(super) fn close(&mut self) {
        self.bar.finish_and_clear();
    }

    fn begin(&mut self, name: String) {
        let name = escape(&name);
        self.bar.reset_elapsed();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}") {
            self.bar.set_style(style.tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]));
        }
        self.bar.set_prefix(name.clone());
        self.bar.set_message("");
        self.running = Some(name);
    }

    fn show(&self, line: &str) {
        self.bar.set_message(escape(line));
    }

    fn line(&self, words: &Words) -> String {
        let took = words.took_ms.map(time::duration).unwrap_or_default();
        let paint = |code: &str, text: String| if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text };
        match words.mark {
            Mark::Turn => paint("1", format!("  ── {} ──", words.text)),
            Mark::Bad => paint("31", format!("✗ {:<16} {}  {took}", words.head, words.text)),
            Mark::Warn => paint("33", format!("! {:<16} {}", words.head, words.text)),
            Mark::Good => {
                format!("{} {:<16} {}  {}", paint("32", "✓".to_owned()), words.head, words.text, paint("2", took))
            }
            Mark::Plain => paint("1", format!("{} · {}", words.head, words.text)),
        }
    }
}
