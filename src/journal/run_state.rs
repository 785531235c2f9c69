//! The facts of one run, folded into what is known of it.

use super::{Direction, Entry, Fact};

/// What a journal says of its run, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RunState {
    /// The last line that was read; the next read goes on after it.
    pub seq: u64,
    /// When it began, milliseconds since 1970.
    pub started_ms: Option<i64>,
    /// When its last record was written.
    pub ended_ms: Option<i64>,
    /// When the decision to undo fell.
    pub aborted_ms: Option<i64>,
    /// The step, undo or finishing step that runs now, with its folder's name.
    pub running: Option<String>,
    /// Steps that began, oldest first.
    pub begun: Vec<String>,
    /// Whether all steps are done and the verdict is waited for.
    pub awaiting: bool,
    /// Whether the commit record stands.
    pub committed: bool,
    /// Whether the restored record stands.
    pub restored: bool,
    /// Why it is undone.
    pub abort: Option<Abort>,
    /// Who gave their word for its end, when it was stuck.
    pub accepted_by: Option<String>,
    /// Since when users see maintenance.
    pub maintenance_on_ms: Option<i64>,
    /// When users saw the site again.
    pub maintenance_off_ms: Option<i64>,
    /// The last value of every reported fact, in order of their first appearance.
    pub reported: Vec<(String, String)>,
    /// Its end.
    pub end: Option<End>,
}

/// Why a run is undone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Abort {
    /// `step`, `smoke`, `cancelled`, `lost`, `max`, `crash`.
    pub kind: String,
    /// The step's name, without its number.
    pub step: String,
    /// For people.
    pub text: String,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// In one of the two states.
    Decided(Direction),
    /// In neither.
    Stuck {
        /// The step or record that could not be.
        at: String,
        /// Why.
        text: String,
    },
}

/// A step's name: its folder's without the number.
pub fn step_name(folder: &str) -> &str {
    folder.split_once('-').map_or(folder, |(_, name)| name)
}

/// What is only written where no commit record stands.
const fn goes_back(fact: &Fact) -> bool {
    match fact {
        Fact::Abort { .. }
        | Fact::Undo(_)
        | Fact::Undone { .. }
        | Fact::UndoFailed { .. }
        | Fact::Restored
        | Fact::Ended { direction: Direction::RolledBack } => true,
        Fact::Start { .. }
        | Fact::Begin(_)
        | Fact::End { .. }
        | Fact::Skip(_)
        | Fact::Await
        | Fact::Verdict(_)
        | Fact::Commit
        | Fact::Finish(_)
        | Fact::Finished { .. }
        | Fact::Reported { .. }
        | Fact::Warning(_)
        | Fact::Notified { .. }
        | Fact::Recover
        | Fact::Rebooted
        | Fact::Retry(_)
        | Fact::Accept { .. }
        | Fact::Ended { direction: Direction::Committed }
        | Fact::Stuck { .. } => false,
    }
}

impl RunState {
    /// Takes in the next line. A line that was seen before changes nothing.
    pub fn apply(&mut self, entry: &Entry) {
        if entry.seq <= self.seq {
            return;
        }
        self.seq = entry.seq;
        if goes_back(&entry.fact) {
            // a commit record that was read before it was on the disk, and that the power took: it never stood
            self.committed = false;
        }
        match &entry.fact {
            Fact::Start { .. } => self.started_ms = Some(entry.at_ms),
            Fact::Begin(step) => {
                self.running = Some(step.clone());
                self.begun.push(step.clone());
            }
            Fact::Undo(step) | Fact::Finish(step) => self.running = Some(step.clone()),
            Fact::End { .. } | Fact::Undone { .. } | Fact::UndoFailed { .. } | Fact::Finished { .. } => {
                self.running = None;
            }
            Fact::Await => self.awaiting = true,
            // behind the decision to undo, or behind an end, it was written by nobody that keeps to the protocol
            Fact::Commit => self.committed = self.abort.is_none() && !self.restored && self.end.is_none(),
            Fact::Restored => self.restored = true,
            Fact::Abort { kind, step, text } => {
                self.awaiting = false;
                if self.abort.is_none() {
                    self.aborted_ms = Some(entry.at_ms);
                    let step = step_name(step).to_owned();
                    self.abort = Some(Abort { kind: kind.clone(), step, text: text.clone() });
                }
            }
            Fact::Reported { name, value } => self.report(name, value, entry.at_ms),
            Fact::Retry(_) => (self.end, self.ended_ms) = (None, None),
            Fact::Accept { who, .. } => {
                (self.end, self.ended_ms, self.accepted_by) = (None, None, Some(who.clone()));
            }
            Fact::Ended { direction } => self.end_with(entry, End::Decided(*direction)),
            Fact::Stuck { at, text } => {
                self.end_with(entry, End::Stuck { at: step_name(at).to_owned(), text: text.clone() });
            }
            Fact::Skip(_)
            | Fact::Verdict(_)
            | Fact::Warning(_)
            | Fact::Notified { .. }
            | Fact::Recover
            | Fact::Rebooted => {}
        }
    }

    /// The last value of a fact that scripts reported.
    pub fn reported(&self, name: &str) -> Option<&str> {
        self.reported.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether a step of that name began.
    pub fn has_begun(&self, name: &str) -> bool {
        self.begun.iter().any(|step| step_name(step) == name)
    }

    fn end_with(&mut self, entry: &Entry, end: End) {
        self.running = None;
        self.awaiting = false;
        self.ended_ms = Some(entry.at_ms);
        self.end = Some(end);
    }

    fn report(&mut self, name: &str, value: &str, at_ms: i64) {
        match (name, value) {
            ("maintenance", "on") => self.maintenance_on_ms = Some(at_ms),
            ("maintenance", "off") => self.maintenance_off_ms = self.maintenance_on_ms.map(|_| at_ms),
            _ => {}
        }
        match self.reported.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.reported.push((name.to_owned(), value.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_record_behind_the_other_decision_is_none() {
        let abort = || Fact::Abort { kind: "step".to_owned(), step: "01-x".to_owned(), text: String::new() };
        let back = || Fact::Ended { direction: Direction::RolledBack };
        for before in [vec![abort()], vec![Fact::Restored], vec![abort(), Fact::Restored, back()], vec![back()]] {
            let mut state = RunState::default();
            for (seq, fact) in (1..).zip(before.into_iter().chain([Fact::Commit])) {
                state.apply(&Entry { seq, at_ms: 0, fact });
            }
            assert!(!state.committed, "{state:?}");
        }
    }

    #[test]
    fn a_commit_record_that_the_power_took_is_none() {
        let ended = || Fact::Ended { direction: Direction::RolledBack };
        // the runner had read line 2 when it was lost; what stands in its place, line 2 again, it never reads
        for after in [vec![Fact::Recover, Fact::Restored, ended()], vec![Fact::Restored, ended()]] {
            let mut state = RunState::default();
            let facts = [vec![Fact::Await, Fact::Commit], after].concat();
            for (seq, fact) in [1, 2, 2, 3, 4].into_iter().zip(facts) {
                state.apply(&Entry { seq, at_ms: 0, fact });
            }
            assert!(state.end.is_some() && !state.committed, "{state:?}");
        }
    }
}
