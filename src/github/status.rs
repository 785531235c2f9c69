//! What GitHub is told of a deployment: a state and a line for people.

use crate::report::one_line;

/// GitHub refuses a longer description.
const DESCRIPTION_MAX: usize = 140;

/// The states of a deployment that say something true of a run. There is none for a cancelled one: that is a failure whose
/// description says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The target carries it out.
    InProgress,
    /// The new version is live.
    Success,
    /// The old version is live.
    Failure,
    /// Neither is certain.
    Error,
    /// It was live, and another one is now.
    Inactive,
}

/// One status of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    state: State,
    description: String,
}

impl Status {
    /// With a description of which foreign parts are made harmless, on one line, as long as GitHub takes it.
    pub fn new(state: State, description: &str) -> Self {
        Self { state, description: cut(&one_line(description), DESCRIPTION_MAX) }
    }

    /// The state.
    pub const fn state(&self) -> State {
        self.state
    }

    /// What happened.
    pub fn description(&self) -> &str {
        &self.description
    }
}

/// At most so many characters, however they are counted: in UTF-16 a letter is no shorter than as one of Unicode's.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.encode_utf16().count() <= max {
        return text.to_owned();
    }
    let mut left = max - 1;
    let kept: String = text
        .chars()
        .take_while(|c| {
            left.checked_sub(c.len_utf16()).is_some_and(|rest| {
                left = rest;
                true
            })
        })
        .collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_never_longer_than_github_takes() {
        let exact = "x".repeat(140);
        assert_eq!(Status::new(State::Failure, &exact).description(), exact);
        let long = Status::new(State::Failure, &"x".repeat(141));
        assert_eq!(long.description(), format!("{}…", "x".repeat(139)));
        for text in ["é".repeat(300), "😀".repeat(300), format!("a{}", "😀".repeat(300))] {
            let status = Status::new(State::Error, &text);
            assert!(status.description().encode_utf16().count() <= 140, "{}", status.description());
            assert!(status.description().encode_utf16().count() >= 138, "as much as fits is kept");
            assert!(status.description().ends_with('…'));
        }
    }

    #[test]
    fn a_description_is_one_harmless_line() {
        let status = Status::new(State::Failure, "exit 1\n::error::boo \u{1b}[31mred\u{202e}");
        assert_eq!(status.description(), "exit 1 : :error::boo \\u{1b}[31mred\\u{202e}");
    }
}
