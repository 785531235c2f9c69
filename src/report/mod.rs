//! Events → what people and scripts see: bars, plain lines, JSON lines, a summary. It decides nothing.

mod bar;
mod ending;
mod escape;
mod json;
mod layout;
mod paint;
mod plain;
mod running;
mod screen;
mod story;
mod summary;
#[cfg(test)]
mod tests;
pub mod time;
mod words;

use std::io::{IsTerminal, Write};

pub use ending::{next, sentence};
pub use escape::{escape, lines};
pub use json::json_line;
pub use layout::shortened;
pub use story::{CheckRow, Conclusion, End, Failure, Row, Several, Story};
pub use words::{one_line, site_is_back, step_head};

use self::{bar::Bars, paint::Paint, plain::Plain, summary::Summary};
use crate::model::{Event, EventKind, OutcomeReport};

/// A line of a result on stdout. On a terminal what is too long for it goes on below, so many cells from the left; elsewhere
/// a line stays one.
pub fn result_line(text: &str, indent: usize) -> String {
    if !std::io::stdout().is_terminal() {
        return text.to_owned();
    }
    let width = console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns));
    layout::Layout::new(width).paragraph(text, indent).join("\n")
}

/// How progress is shown on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A line that lives, on a terminal.
    Bar,
    /// Lines with the time.
    Plain,
    /// Only the summary, warnings and errors.
    None,
}

/// What a reporter is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// How progress is shown.
    pub mode: Mode,
    /// JSON lines on stdout.
    pub json: bool,
    /// Whether stderr takes colours.
    pub color: bool,
    /// The environment's name, for the next commands that are proposed.
    pub environment: String,
}

/// Whoever takes each event as well.
pub trait Sink: Send {
    /// One more event.
    fn event(&mut self, event: &Event);
}

/// Takes every event of a command, shows it in each form that is wanted.
pub struct Reporter {
    json: Option<Box<dyn Write + Send>>,
    view: View,
    summary: Summary,
    paint: Paint,
    errors: Box<dyn Write + Send>,
    sink: Option<Box<dyn Sink>>,
}

enum View {
    Bar(Bars),
    Plain(Plain),
    None,
}

impl Reporter {
    /// On this process's stdout and stderr.
    pub fn new(options: Options) -> Self {
        Self::to(options, Box::new(std::io::stdout()), Box::new(std::io::stderr()))
    }

    /// On these instead; bars draw on the terminal themselves.
    pub fn to(options: Options, stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>) -> Self {
        let view = match options.mode {
            Mode::Bar => View::Bar(Bars::new(Paint(options.color))),
            Mode::Plain => View::Plain(Plain::default()),
            Mode::None => View::None,
        };
        let json = options.json.then_some(stdout);
        Self { json, view, summary: Summary::new(&options), paint: Paint(options.color), errors: stderr, sink: None }
    }

    /// Lets somebody else take each event too.
    #[must_use]
    pub fn with(self, sink: Box<dyn Sink>) -> Self {
        Self { sink: Some(sink), ..self }
    }

    /// Shows one event. What cannot be written is nobody's loss: the journal has it.
    pub fn event(&mut self, event: &Event) {
        if let Some(json) = &mut self.json {
            let _ = writeln!(json, "{}", json::line(event));
            let _ = json.flush();
        }
        self.summary.event(event);
        if let Some(sink) = &mut self.sink {
            sink.event(event);
        }
        match &mut self.view {
            View::Bar(bars) => bars.event(event),
            View::Plain(plain) => plain.event(event, &mut self.errors),
            View::None => {
                if let EventKind::Warning { text } = &event.kind {
                    let _ = writeln!(self.errors, "! {}", escape(text));
                }
            }
        }
        if let EventKind::Outcome(report) = &event.kind {
            self.end(report);
        }
    }

    /// Time passes: signs of life.
    pub fn tick(&mut self, now_ms: i64) {
        match &mut self.view {
            View::Bar(bars) => bars.tick(now_ms),
            View::Plain(plain) => plain.tick(now_ms, &mut self.errors),
            View::None => {}
        }
    }

    /// There was nothing to do: scripts get an outcome all the same, people the reason alone.
    pub fn nothing(&mut self, outcome: &Event, reason: &str) {
        self.close();
        if let Some(sink) = &mut self.sink {
            sink.event(outcome);
        }
        match &mut self.json {
            Some(json) => {
                let _ = writeln!(json, "{}", json::line(outcome));
            }
            None => {
                let _ = writeln!(self.errors, "{}", escape(reason));
            }
        }
    }

    /// Takes living lines off the screen.
    pub fn close(&mut self) {
        if let View::Bar(bars) = &mut self.view {
            bars.close();
        }
    }

    fn end(&mut self, report: &OutcomeReport) {
        self.close();
        let screen = match &self.view {
            View::Bar(_) => Some(bar::layout()),
            View::Plain(_) | View::None => None,
        };
        let text = self.summary.text(report, screen, self.paint);
        let _ = write!(self.errors, "{text}");
        let _ = self.errors.flush();
    }
}
