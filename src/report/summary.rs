//! The end: a table of steps with durations, the outcome in one sentence, and for a failure what to look at and do next.

use super::{
    Options,
    ending::{next, sentence},
    escape,
    layout::{Layout, pad, shortened},
    paint::{GREEN, Paint, RED, YELLOW},
    story::{Failure, Row, Story},
    time,
    words::one_line,
};
use crate::model::{Event, Outcome, OutcomeReport};

/// Lines of a failing script that are shown; the rest is in the log.
const TAIL_LINES: usize = 15;
/// What is shown of each of them.
const TAIL_LINE_MAX_BYTES: usize = 400;

pub(super) struct Summary {
    environment: String,
    story: Story,
    began_ms: Option<i64>,
    ended_ms: i64,
}

impl Summary {
    pub(super) fn new(options: &Options) -> Self {
        Self { environment: options.environment.clone(), story: Story::default(), began_ms: None, ended_ms: 0 }
    }

    pub(super) fn event(&mut self, event: &Event) {
        self.began_ms.get_or_insert(event.at_ms);
        self.ended_ms = event.at_ms;
        self.story.event(event);
    }

    /// All of it. On a screen long sentences are wrapped; elsewhere a sentence is a line.
    pub(super) fn text(&self, report: &OutcomeReport, screen: Option<Layout>, paint: Paint) -> String {
        let mut lines = self.table(report);
        for (reason, remedy) in &self.story.refusals.first {
            lines.push(String::new());
            lines.extend(paragraph(screen, &format!("refused: {}", escape(reason)), 2));
            lines.extend(remedy.lines().map(|line| format!("  {}", escape(line))));
        }
        if let Some(Failure { step, lines: tail, .. }) =
            self.story.failure.as_ref().filter(|_| report.outcome != Outcome::Committed)
        {
            lines.push(String::new());
            lines.push(format!("last lines of {}:", escape(step)));
            let end = tail.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
            let last = &tail[end.saturating_sub(TAIL_LINES)..end];
            lines
                .extend(last.iter().map(|line| {
                    format!("  │ {}", shortened(&escape(line), TAIL_LINE_MAX_BYTES)).trim_end().to_owned()
                }));
        }
        lines.push(String::new());
        let color = match report.outcome {
            Outcome::Committed => GREEN,
            Outcome::RolledBack | Outcome::Cancelled | Outcome::Locked => YELLOW,
            Outcome::Stuck | Outcome::Refused | Outcome::InDoubt => RED,
        };
        let sentence = paragraph(screen, &one_line(&sentence(report, self.story.refusals.len())), 2);
        lines.extend(sentence.iter().map(|line| paint.text(color, line)));
        let shown = self.story.failure.as_ref().map(|failure| failure.step.as_str());
        let next = next(report, &self.environment, shown, self.story.refusals.len());
        let width = next.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
        lines.extend(next.iter().map(|(what, command)| format!("  {}  {command}", pad(what, width))));
        lines.join("\n") + "\n"
    }

    fn table(&self, report: &OutcomeReport) -> Vec<String> {
        if !self.story.rows.first.iter().any(|row| matches!(row, Row::Step { .. })) {
            return Vec::new();
        }
        let mut lines = vec![String::new(), format!("  {:<24} {:>11}", "step", "took")];
        lines.extend(self.story.rows.first.iter().filter_map(|row| match row {
            Row::Phase { .. } => None,
            Row::Turn { text, .. } => Some(format!("  ── {text} ──")),
            Row::Step { name, took_ms, failed, .. } => {
                let mark = if *failed { "  ✗ failed" } else { "" };
                Some(format!("  {} {:>11}{mark}", pad(&escape(name), 24), time::duration(*took_ms)))
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
}

fn paragraph(screen: Option<Layout>, text: &str, indent: usize) -> Vec<String> {
    screen.map_or_else(|| vec![text.to_owned()], |layout| layout.paragraph(text, indent))
}
