//! On a terminal: what has ended as lines, what runs as one line that lives.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    layout::Layout,
    paint::{BOLD, GREEN, Paint, RED, YELLOW},
    running::Running,
    screen::Screen,
    words::{Mark, Speaker, Words},
};
use crate::model::Event;

pub(super) struct Bars {
    bar: ProgressBar,
    paint: Paint,
    speaker: Speaker,
    running: Option<Running>,
}

impl Bars {
    pub(super) fn new(paint: Paint) -> Self {
        let bar =
            ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like_with_hz(Box::<Screen>::default(), 20));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style.tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, paint, speaker: Speaker::default(), running: None }
    }

    pub(super) fn event(&mut self, event: &Event) {
        Running::follow(&mut self.running, event);
        if let Some(words) = self.speaker.words(event) {
            self.bar.println(lines(&words, layout(), self.paint).join("\n"));
        }
        self.tick(event.at_ms);
    }

    pub(super) fn tick(&self, now_ms: i64) {
        let living = |running: &Running| layout().living(&running.name, running.elapsed_ms(now_ms), &running.newest);
        self.bar.set_message(self.running.as_ref().map(living).unwrap_or_default());
    }

    pub(super) fn close(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// As wide as the terminal is now.
pub(super) fn layout() -> Layout {
    Layout::new(console::Term::stderr().size_checked().map_or(80, |(_, columns)| usize::from(columns)))
}

/// The lines of an event that stay on the screen.
pub(super) fn lines(words: &Words, layout: Layout, paint: Paint) -> Vec<String> {
    let row = |took_ms| layout.row(words.mark.sign(), &words.head, &words.text, took_ms);
    let (color, lines) = match words.mark {
        Mark::Turn => (BOLD, layout.rule(&words.text)),
        Mark::Title => (BOLD, layout.paragraph(&format!("{} · {}", words.head, words.text), 2)),
        Mark::Bad => (RED, row(words.took_ms)),
        Mark::Warn => (YELLOW, row(words.took_ms)),
        Mark::Good => {
            let mut lines = row(words.took_ms);
            if let Some(rest) = lines[0].strip_prefix('✓') {
                lines[0] = paint.text(GREEN, "✓") + rest;
            }
            return lines;
        }
    };
    lines.iter().map(|line| paint.text(color, line)).collect()
}
