//! A length of time as configuration writes it: `500ms`, `60s`, `2m`, `1h`, `3d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A length of time in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    ms: u64,
}

/// A text that is no length of time.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not a length of time: write a whole number with ms, s, m, h or d, such as 90s")]
pub struct InvalidSpan(String);

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Span {
    /// From milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self { ms }
    }

    /// From seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self { ms: secs * 1_000 }
    }

    /// In milliseconds.
    pub const fn ms(self) -> u64 {
        self.ms
    }

    /// In whole seconds, rounded up.
    pub const fn secs_up(self) -> u64 {
        self.ms.div_ceil(1_000)
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Self::from_millis(span.ms)
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let invalid = || InvalidSpan(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| invalid())?;
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(invalid)?;
        Ok(Self { ms: number.checked_mul(*unit_ms).ok_or_else(invalid)? })
    }
}

impl TryFrom<String> for Span {
    type Error = InvalidSpan;

    fn try_from(text: String) -> Result<Self, InvalidSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

/// The largest unit that divides it, so that `60s` prints as `1m` and parses back to itself.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, unit_ms) = UNITS
            .iter()
            .rev()
            .find(|(_, unit_ms)| self.ms > 0 && self.ms.is_multiple_of(*unit_ms))
            .unwrap_or(&("s", 1_000));
        write!(f, "{}{unit}", self.ms / unit_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_being_written_and_read() {
        for text in ["500ms", "90s", "2m", "1h", "3d", "0s"] {
            assert_eq!(text.parse::<Span>().map(|s| s.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_span_is_said_to_be_none() {
        for text in ["", "5", "s", "-1s", "1.5s", "1w", "99999999999999999999s", "18446744073709551615d"] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
    }
}
