//! Plain lines with the time: for CI and files. At least one every 15 s while something runs.

use std::io::Write;

use super::{
    layout::pad,
    running::Running,
    time,
    words::{Mark, Speaker},
};
use crate::model::Event;

/// The longest silence.
const SIGN_OF_LIFE_MS: i64 = 15_000;
/// The columns: names as of `undo maintenance-on`, durations as `12 min 05 s`.
const NAME: usize = 20;
const TOOK: usize = 11;

#[derive(Default)]
pub(super) struct Plain {
    running: Option<Running>,
    speaker: Speaker,
    last_ms: i64,
}

impl Plain {
    pub(super) fn event(&mut self, event: &Event, out: &mut dyn Write) {
        Running::follow(&mut self.running, event);
        let Some(words) = self.speaker.words(event) else { return };
        let line = match words.mark {
            Mark::Turn => format!("  ── {} ──", words.text),
            Mark::Title => format!("  {} · {}", words.head, words.text),
            Mark::Good | Mark::Bad | Mark::Warn => {
                let took = words.took_ms.map(time::duration).unwrap_or_default();
                row(words.mark.sign(), &words.head, &took, &words.text)
            }
        };
        self.say(event.at_ms, &line, out);
    }

    pub(super) fn tick(&mut self, now_ms: i64, out: &mut dyn Write) {
        let Some(running) = &self.running else { return };
        if now_ms - self.last_ms.max(running.since_ms()) < SIGN_OF_LIFE_MS {
            return;
        }
        let newest = if running.newest.is_empty() { "it runs" } else { &running.newest };
        let line = row('…', &running.name, &time::duration(running.elapsed_ms(now_ms)), newest);
        self.say(now_ms, &line, out);
    }

    fn say(&mut self, at_ms: i64, line: &str, out: &mut dyn Write) {
        self.last_ms = at_ms;
        let _ = writeln!(out, "{} {}", time::clock(at_ms), line.trim_end());
        let _ = out.flush();
    }
}

fn row(sign: char, name: &str, took: &str, text: &str) -> String {
    format!("{sign} {} {took:>TOOK$}  {text}", pad(name, NAME))
}
