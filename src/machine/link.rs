//! A line of the link to a run; the language is at the head of `link.sh`.

use crate::{journal::Entry, plan::Summary};

/// A plan.json with many steps is the longest line there is; what is longer is not ours.
const LINE_MAX_BYTES: usize = 1024 * 1024;
/// The executor cuts what it writes down; a record that is longer is not its own.
const ENTRY_MAX_BYTES: usize = 4096;
/// The link cuts output at 1000 bytes.
const OUTPUT_MAX_BYTES: usize = 4096;

/// Bytes of the link → its lines, however the bytes are cut. It keeps no more than one line.
#[derive(Debug, Default)]
pub struct LinkReader {
    pending: Vec<u8>,
    is_too_long: bool,
}

impl LinkReader {
    /// Takes bytes in; the lines that are whole with them. Of a line that is too long nothing is told.
    pub fn take(&mut self, mut bytes: &[u8]) -> Vec<LinkLine> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            let line = std::mem::take(&mut self.pending);
            if !std::mem::take(&mut self.is_too_long) {
                lines.push(LinkLine::parse(String::from_utf8_lossy(&line).trim_end_matches('\r')));
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
        lines
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.pending.len() + bytes.len() > LINE_MAX_BYTES {
            (self.pending, self.is_too_long) = (Vec::new(), true);
        } else {
            self.pending.extend_from_slice(bytes);
        }
    }
}

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
            return Self::Newest(output(text));
        }
        if let Some(text) = line.strip_prefix("| ") {
            return Self::Tail(output(text));
        }
        if line == "." {
            return Self::Alive;
        }
        if line.len() > ENTRY_MAX_BYTES {
            return Self::Noise;
        }
        Entry::parse(line).map_or(Self::Noise, Self::Entry)
    }
}

fn output(text: &str) -> String {
    text[..text.floor_char_boundary(OUTPUT_MAX_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_same_however_it_is_cut_and_of_one_that_is_too_long_nothing_is_told() {
        let long = "x".repeat(LINE_MAX_BYTES + 1);
        let (first, last) = (format!("~ one\r\n{long}\n~ ä"), format!("{long}~ no\n!end\n~ no"));
        let text = [first.as_bytes(), b"\xff\n", last.as_bytes()].concat();
        let expected = [LinkLine::Newest("one".to_owned()), LinkLine::Newest("ä\u{fffd}".to_owned()), LinkLine::End];
        for size in [1, 7, 16 * 1024, text.len()] {
            let mut reader = LinkReader::default();
            let lines: Vec<LinkLine> = text.chunks(size).flat_map(|chunk| reader.take(chunk)).collect();
            assert_eq!(lines, expected, "in pieces of {size}");
            assert_eq!(reader.pending, b"~ no");
        }
    }
}
