//! One line of a journal: `SEQ UPTIME_CS WALL_MS FACT… #CKSUM`.

use thiserror::Error;

/// One fact with its place and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// 1 for the first line; no gaps.
    pub seq: u64,
    /// Milliseconds since 1970 on the target's clock, as it stood when the executor started.
    pub at_ms: i64,
    /// What happened.
    pub fact: Fact,
}

/// In which direction a run was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The new version stays.
    Committed,
    /// The old version is back.
    RolledBack,
}

/// What a line says. Texts are untrusted: they may hold what a script or an application printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The run began in this boot, with a plan of this hash.
    Start {
        /// The boot id.
        boot: String,
        /// SHA-256 of the plan's `hashes`.
        plan_hash: String,
    },
    /// A step is about to begin. Steps are named by their folder, such as `04-migrate`.
    Begin(String),
    /// A step ended.
    End {
        /// Its folder.
        step: String,
        /// Its exit status.
        code: i32,
        /// Its note for people.
        note: String,
    },
    /// A step whose condition does not hold.
    Skip(String),
    /// All steps are done; the verdict is waited for.
    Await,
    /// The verdict that counted.
    Verdict(String),
    /// The point of no return forward.
    Commit,
    /// Why the run is undone: the kind (`step`, `smoke`, `cancelled`, `lost`, `max`, `crash`), the step, the text.
    Abort {
        /// The kind.
        kind: String,
        /// The step that it happened in.
        step: String,
        /// For people.
        text: String,
    },
    /// A step's undo is about to begin.
    Undo(String),
    /// It ended well.
    Undone {
        /// The step's folder.
        step: String,
        /// Its note.
        note: String,
    },
    /// It failed; the run is stuck.
    UndoFailed {
        /// The step's folder.
        step: String,
        /// Its exit status.
        code: i32,
        /// Its note.
        note: String,
    },
    /// The point of no return backward.
    Restored,
    /// A finishing step is about to begin.
    Finish(String),
    /// It ended.
    Finished {
        /// Its folder.
        step: String,
        /// Its exit status.
        code: i32,
        /// Its note.
        note: String,
    },
    /// A fact that a script reported: `proof exact`, `maintenance on`.
    Reported {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Something that a person should know.
    Warning(String),
    /// `notify` was called, with its exit status.
    Notified {
        /// The end that it was told of.
        end: String,
        /// The command's exit status.
        code: i32,
    },
    /// A dead executor's run was taken up again.
    Recover,
    /// The machine was restarted in between.
    Rebooted,
    /// A stuck run is tried again by this person.
    Retry(String),
    /// A person's word for a stuck run.
    Accept {
        /// `committed` or `rolled-back`.
        state: String,
        /// Who.
        who: String,
    },
    /// The run ended in one of the two states.
    Ended {
        /// Which.
        direction: Direction,
    },
    /// The run ended stuck.
    Stuck {
        /// The step or record that could not be.
        at: String,
        /// Why.
        text: String,
    },
}

/// A line that is no entry: torn, damaged, or written by somebody else.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidEntry {
    /// No checksum, or another one.
    #[error("the line is torn or damaged")]
    Checksum,
    /// Whole, but not in our language.
    #[error("the line says {0:?}, which this version does not know")]
    Unknown(String),
}

impl Entry {
    /// Reads a line without its newline.
    pub fn parse(line: &str) -> Result<Self, InvalidEntry> {
        let (body, sum) = line.rsplit_once(" #").ok_or(InvalidEntry::Checksum)?;
        if sum.parse() != Ok(posix_cksum(body.as_bytes())) {
            return Err(InvalidEntry::Checksum);
        }
        let unknown = || InvalidEntry::Unknown(body.to_owned());
        let mut fields = body.splitn(4, ' ');
        let mut field = || fields.next().ok_or_else(unknown);
        let seq = field()?.parse().map_err(|_| unknown())?;
        let _uptime_cs = field()?;
        let at_ms = field()?.parse().map_err(|_| unknown())?;
        let fact = Fact::parse(field()?).ok_or_else(unknown)?;
        Ok(Self { seq, at_ms, fact })
    }
}

impl Fact {
    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (first, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        let owned = str::to_owned;
        let coded = || {
            let (code, note) = tail.split_once(' ').unwrap_or((tail, ""));
            Some((owned(first), code.parse().ok()?, owned(note)))
        };
        Some(match word {
            "start" => Self::Start { boot: owned(first), plan_hash: owned(tail) },
            "begin" => Self::Begin(owned(first)),
            "end" => coded().map(|(step, code, note)| Self::End { step, code, note })?,
            "skip" => Self::Skip(owned(first)),
            "await" => Self::Await,
            "verdict" => Self::Verdict(owned(rest)),
            "commit" => Self::Commit,
            "abort" => {
                let (step, text) = tail.split_once(' ').unwrap_or((tail, ""));
                Self::Abort { kind: owned(first), step: owned(step), text: owned(text) }
            }
            "undo" => Self::Undo(owned(first)),
            "undone" => coded().map(|(step, _, note)| Self::Undone { step, note })?,
            "undo-failed" => coded().map(|(step, code, note)| Self::UndoFailed { step, code, note })?,
            "restored" => Self::Restored,
            "finish" => Self::Finish(owned(first)),
            "finished" => coded().map(|(step, code, note)| Self::Finished { step, code, note })?,
            "fact" => Self::Reported { name: owned(first), value: owned(tail) },
            "warning" => Self::Warning(owned(rest)),
            "notified" => Self::Notified { end: owned(first), code: tail.trim().parse().ok()? },
            "recover" => Self::Recover,
            "rebooted" => Self::Rebooted,
            "retry" => Self::Retry(owned(rest)),
            "accept" => Self::Accept { state: owned(first), who: owned(tail) },
            "ended" => match first {
                "committed" => Self::Ended { direction: Direction::Committed },
                "rolled-back" => Self::Ended { direction: Direction::RolledBack },
                "stuck" => {
                    let (at, text) = tail.split_once(' ').unwrap_or((tail, ""));
                    Self::Stuck { at: owned(at), text: owned(text) }
                }
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// The checksum of the `cksum` utility (POSIX.1-2017, XCU `cksum`): CRC-32 with polynomial 0x04C11DB7, most significant
/// bit first, over the bytes and then the length, complemented.
fn posix_cksum(bytes: &[u8]) -> u32 {
    let mut length = bytes.len();
    let mut tail = Vec::new();
    while length > 0 {
        tail.push(u8::try_from(length & 0xff).unwrap_or_default());
        length >>= 8;
    }
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x04C1_1DB7 }
        })
    };
    !tail.iter().fold(bytes.iter().fold(0, step), step)
}

/// A line as the executor writes it, of any body: for tests.
#[doc(hidden)]
pub fn written(body: &str) -> String {
    format!("{body} #{}", posix_cksum(body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_makes_it_panic(text in "[^\\n]{0,80}", words in "[0-9]{0,21} [0-9]{0,3} -?[0-9]{0,20} [a-z-]{0,12}( .{0,40})?") {
            let _ = Entry::parse(&text);
            let _ = Entry::parse(&written(&text));
            let _ = Entry::parse(&written(&words));
        }
    }

    #[test]
    fn what_the_executor_wrote_is_read() {
        let line = "8 970426 1795483778309 end 02-two 0 done two #805720644";
        let fact = Fact::End { step: "02-two".into(), code: 0, note: "done two".into() };
        assert_eq!(Entry::parse(line), Ok(Entry { seq: 8, at_ms: 1_795_483_778_309, fact }));
        let line = "14 970458 1795483778829 ended committed  #3300212468";
        assert!(Entry::parse(line).map_err(|e| e.to_string()).is_err(), "another uptime, another checksum");
    }

    #[test]
    fn every_torn_prefix_is_no_entry() {
        let line = "10 970475 1795483778799 verdict commit #3621327262";
        assert!(Entry::parse(line).is_ok());
        for cut in 0..line.len() {
            assert!(Entry::parse(&line[..cut]).is_err(), "{:?}", &line[..cut]);
        }
    }
}
