//! The name of one run: when it was planned and what it deploys, such as `20261123T101500Z-3f2a1c9`.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A run's id. It names folders, schemas and releases, so its alphabet is small: digits, ASCII letters, `-`;
/// 1 to 40 characters, the first of them a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// A text that cannot name a run.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not a run id: it looks like 20261123T101500Z-3f2a1c9, as `backstay history` shows it")]
pub struct InvalidRunId(String);

impl RunId {
    /// Makes the id from the start (`20261123T101500Z`) and what tells runs of one second apart.
    pub fn new(started: &str, suffix: &str) -> Result<Self, InvalidRunId> {
        Self::try_from(format!("{started}-{suffix}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id with what a schema or database name may hold: lower case, `_` for `-`.
    pub fn for_schema(&self) -> String {
        self.0.to_ascii_lowercase().replace('-', "_")
    }
}

impl TryFrom<String> for RunId {
    type Error = InvalidRunId;

    fn try_from(text: String) -> Result<Self, InvalidRunId> {
        let shape = (1..=40).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if shape { Ok(Self(text)) } else { Err(InvalidRunId(text)) }
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_leave_its_folder_is_no_id() {
        for text in ["", "..", "a/b", "-x", "a b", "a\n", &"x".repeat(41)] {
            assert!(RunId::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(RunId::new("20261123T101500Z", "3f2a1c9").is_ok());
    }
}
