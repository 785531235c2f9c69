//! The journal of the model: what `journal.sh` writes and reads, without times and texts.

use backstay::journal::{Direction, Fact};

/// The steps of the model's plan, in order: maintenance, the data, the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Users are sent to maintenance. It is undone by the finishing step.
    Close,
    /// The data is migrated.
    Data,
    /// The code is switched.
    Code,
}

pub const STEPS: [Step; 3] = [Step::Close, Step::Data, Step::Code];

/// Why a run is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    Step,
    Smoke,
    Cancelled,
    Lost,
    Crash,
}

/// The last record of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    Committed,
    RolledBack,
    Stuck,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    Start,
    Begin(Step),
    End(Step, bool),
    Await,
    Verdict,
    Commit,
    Abort(Why),
    Undo(Step),
    Undone(Step),
    UndoFailed(Step),
    Restored,
    Finish,
    Finished(bool),
    Recover,
    Rebooted,
    Retry,
    Accept(End),
    Ended(End),
}

impl Step {
    fn folder(self) -> String {
        match self {
            Self::Close => "00-close",
            Self::Data => "01-data",
            Self::Code => "02-code",
        }
        .to_owned()
    }
}

impl End {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled-back",
            Self::Stuck => "stuck",
        }
    }
}

impl Line {
    /// What the runner reads where the executor writes this.
    pub fn fact(self) -> Fact {
        let (note, text) = (String::new, || "text".to_owned());
        let code = |is_good: bool| i32::from(!is_good);
        match self {
            Self::Start => Fact::Start { boot: text(), plan_hash: super::runner::plan_hash().to_owned() },
            Self::Begin(step) => Fact::Begin(step.folder()),
            Self::End(step, good) => Fact::End { step: step.folder(), code: code(good), note: note() },
            Self::Await => Fact::Await,
            Self::Verdict => Fact::Verdict("commit".to_owned()),
            Self::Commit => Fact::Commit,
            Self::Abort(why) => {
                let kind = match why {
                    Why::Step => "step",
                    Why::Smoke => "smoke",
                    Why::Cancelled => "cancelled",
                    Why::Lost => "lost",
                    Why::Crash => "crash",
                };
                Fact::Abort { kind: kind.to_owned(), step: text(), text: text() }
            }
            Self::Undo(step) => Fact::Undo(step.folder()),
            Self::Undone(step) => Fact::Undone { step: step.folder(), note: note() },
            Self::UndoFailed(step) => Fact::UndoFailed { step: step.folder(), code: 1, note: note() },
            Self::Restored => Fact::Restored,
            Self::Finish => Fact::Finish("00-open".to_owned()),
            Self::Finished(good) => Fact::Finished { step: "00-open".to_owned(), code: code(good), note: note() },
            Self::Recover => Fact::Recover,
            Self::Rebooted => Fact::Rebooted,
            Self::Retry => Fact::Retry(text()),
            Self::Accept(end) => Fact::Accept { state: end.word().to_owned(), who: text() },
            Self::Ended(End::Committed) => Fact::Ended { direction: Direction::Committed },
            Self::Ended(End::RolledBack) => Fact::Ended { direction: Direction::RolledBack },
            Self::Ended(End::Stuck) => Fact::Stuck { at: text(), text: text() },
        }
    }

    /// Whether the runner does anything on it but show it, or says something else at its end. What it only shows may as well
    /// never arrive: that keeps the number of states small, and changes nothing of what can happen.
    pub const fn tells(self) -> bool {
        self.matters() || matches!(self, Self::Restored | Self::Retry | Self::Accept(_))
    }

    /// Whether the runner does anything on it. What does not matter arrives together with the next line that does.
    pub const fn matters(self) -> bool {
        match self {
            Self::Start | Self::Await | Self::Commit | Self::Abort(_) | Self::Ended(_) => true,
            Self::Begin(_)
            | Self::End(..)
            | Self::Verdict
            | Self::Undo(_)
            | Self::Undone(_)
            | Self::UndoFailed(_)
            | Self::Restored
            | Self::Finish
            | Self::Finished(_)
            | Self::Recover
            | Self::Rebooted
            | Self::Retry
            | Self::Accept(_) => false,
        }
    }
}

/// What the executor knows of its run: `empty_journal` and `fold_line` in journal.sh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Fold {
    pub started: bool,
    /// How many of the steps have begun.
    pub begun: usize,
    pub undone: [bool; 3],
    /// An undo that was begun and has not ended: no rule of the protocol looks at it.
    pub undoing: Option<Step>,
    pub abort: Option<Why>,
    pub commit: bool,
    pub restored: bool,
    pub accepted: Option<End>,
    pub ended: Option<End>,
}

impl Fold {
    pub fn apply(&mut self, line: Line) {
        match line {
            Line::Start => self.started = true,
            Line::Begin(step) => self.begun = self.begun.max(step as usize + 1),
            Line::Abort(why) => self.abort = self.abort.or(Some(why)),
            Line::Commit => self.commit = true,
            Line::Undo(step) => self.undoing = Some(step),
            Line::Undone(step) => (self.undoing, self.undone[step as usize]) = (None, true),
            Line::Restored => self.restored = true,
            Line::Retry => (self.ended, self.accepted) = (None, None),
            Line::Accept(end) => (self.ended, self.accepted) = (None, Some(end)),
            Line::Ended(end) => self.ended = Some(end),
            Line::End(..)
            | Line::Await
            | Line::Verdict
            | Line::UndoFailed(_)
            | Line::Finish
            | Line::Finished(_)
            | Line::Recover
            | Line::Rebooted => {}
        }
    }

    /// The step that is undone next: the newest one that has begun, has an undo and was not undone.
    pub fn next_undo(&self) -> Option<Step> {
        self.left_to_undo().next_back()
    }

    /// The same from the other end.
    pub fn oldest_undo(&self) -> Option<Step> {
        self.left_to_undo().next()
    }

    fn left_to_undo(&self) -> impl DoubleEndedIterator<Item = Step> {
        STEPS[..self.begun].iter().copied().filter(|step| *step != Step::Close && !self.undone[*step as usize])
    }
}

/// The file: what is on the disk for sure, and what may be lost with the power; of both, what the runner has not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Journal {
    pub synced: Fold,
    pub tail: Vec<Line>,
    /// Of the synced lines, those that tell the runner something and that it has not read.
    unread: Vec<Line>,
    /// So many lines of the tail has it not read.
    tail_unread: usize,
    /// So many lines that it has read are lost: as many of those in their place it will not read, by their numbers.
    ahead: usize,
}

impl Journal {
    pub fn now(&self) -> Fold {
        let mut fold = self.synced;
        self.tail.iter().for_each(|line| fold.apply(*line));
        fold
    }

    pub fn write(&mut self, line: Line, is_read: bool) {
        self.tail.push(line);
        if self.ahead > 0 {
            self.ahead -= 1;
        } else if is_read {
            self.tail_unread += 1;
        }
    }

    pub fn sync(&mut self) {
        self.synced = self.now();
        let unread = self.tail[self.tail.len() - self.tail_unread..].iter().filter(|line| line.tells());
        self.unread.extend(unread);
        self.tail.clear();
        self.tail_unread = 0;
    }

    /// The power fails, and so many of the lines that were not synced are gone. A torn line is one of them.
    pub fn lose(&mut self, lost: usize, is_read: bool) {
        self.tail.truncate(self.tail.len() - lost);
        if is_read {
            self.ahead += lost.saturating_sub(self.tail_unread);
        }
        self.tail_unread = self.tail_unread.saturating_sub(lost);
        self.sync();
    }

    /// What the runner has not read.
    pub fn unread(&self) -> impl Iterator<Item = Line> {
        let tail = self.tail[self.tail.len() - self.tail_unread..].iter();
        self.unread.iter().chain(tail).copied().filter(|line| line.tells())
    }

    /// It reads it.
    pub fn read(&mut self) -> Vec<Line> {
        let lines = self.unread().collect();
        self.unread.clear();
        self.tail_unread = 0;
        lines
    }

    /// Nobody reads any more.
    pub fn is_read_by_nobody(&mut self) {
        self.unread.clear();
        (self.tail_unread, self.ahead) = (0, 0);
    }
}
