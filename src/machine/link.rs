//! A line of the link to a run; the language is at the head of `link.sh`.

use crate::{journal::Entry, plan::Summary};

/// What the link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkLine {
    /// The run's plan, for who did not make it.
    Plan(Box<Summary>),
    /// The run did not begin: the word, and more.
    Answer(String, String),
    /// Nobody works on the run.
    Dead,
    /// Its last record is out.
    End,
    /// What was said last did not get onto the target's disk.
    Unwritten,
    /// The newest line of the running script's output (untrusted).
    Newest(String),
    /// One of the last lines of a script that failed (untrusted).
    Tail(String),
    /// The link lives.
    Alive,
    /// A journal line.
    Entry(Entry),
    /// Something else: a login banner, a damaged line.
    Noise,
}

impl LinkLine {
    /// Reads one line, without its line end.
    pub fn parse(line: &str) -> Self {
        if let Some(rest) = line.strip_prefix('!') {
            let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            return match word {
                "plan" => serde_json::from_str(rest).map_or(Self::Noise, |summary| Self::Plan(Box::new(summary))),
                "answer" => {
                    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                    Self::Answer(word.to_owned(), rest.to_owned())
                }
                "dead" => Self::Dead,
                "end" => Self::End,
                "unwritten" => Self::Unwritten,
                _ => Self::Noise,
            };
        }
        if let Some(text) = line.strip_prefix("~ ") {
            return Self::Newest(text.to_owned());
        }
        if let Some(text) = line.strip_prefix("| ") {
            return Self::Tail(text.to_owned());
        }
        if line == "." {
            return Self::Alive;
        }
        Entry::parse(line).map_or(Self::Noise, Self::Entry)
    }
}
