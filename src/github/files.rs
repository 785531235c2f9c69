//! The files that the runner reads when a step has ended: outputs and the summary.

use std::{fmt::Write as _, fs::OpenOptions, io, io::Write, path::Path};

/// Outputs, each between delimiters that no value can hold: they are random.
pub fn write_outputs(file: &Path, values: &[(&str, String)], token: &str) -> io::Result<()> {
    append(file, &outputs(values, token))
}

/// What that writes.
pub fn outputs(values: &[(&str, String)], token: &str) -> String {
    values.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = write!(text, "{name}<<{token}\n{value}\n{token}\n");
        text
    })
}

/// The step's summary. Over 1 MiB the runner drops all of it, so it is [`super::markdown`] that cuts.
pub fn write_summary(file: &Path, markdown: &str) -> io::Result<()> {
    append(file, markdown)
}

fn append(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(text.as_bytes())
}
