//! The executor of the model: the decisions of `src/scripts/executor/*.sh`, one line of sh at a time. Each rule names the
//! function that it stands for; where the two differ, the model is wrong.

use super::{
    journal::{End, Fold, Line, STEPS, Step, Why},
    mutation::Mutation,
    world::{Disk, World},
};

/// A living executor. It holds the run lock: there is one at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Executor {
    pub at: At,
    /// Its variables: BEGUN, UNDONE, ABORT, COMMIT, RESTORED, ACCEPTED.
    pub knows: Fold,
    /// What `finish` was called with.
    pub direction: Option<End>,
    /// ENDING: why the running script was told to end.
    pub ending: Option<Why>,
    /// How often the finishing step may still be tried.
    pub attempts: u8,
    /// RETRYING: recovery writes no `recover` line of its own.
    pub retrying: bool,
}

/// Where it stands. What lies between two of these is nothing that a crash could tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// Before `read_journal`, in this mode.
    Read(Mode),
    /// In `end_left_over`.
    Fence,
    /// In `go_forward`, before the step of this number.
    Check(usize),
    /// Before a line is written.
    Write(Line),
    /// The line is written, and not synced.
    Sync(Line),
    /// In `spawn`, before the step lock is taken.
    Spawn(Script),
    /// In `spawn`, waiting for the script.
    Wait(Script),
    /// In `await_verdict`.
    Await,
    /// In `clean_up`.
    Clean,
}

/// What the executor was started for: `main` in main.sh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    Recover,
    Retry,
    Accept(End),
}

/// What a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Script {
    Do(Step),
    Undo(Step),
    Open,
}

/// What `append` returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Appended {
    Synced,
    NotWritten,
    NotSynced,
}

/// The finishing step is tried three times; twice is enough to see what a second time does.
const ATTEMPTS: u8 = 2;

impl Executor {
    /// `run_main`: the guard is installed, and nothing is written yet.
    pub fn run() -> Self {
        Self::at(At::Write(Line::Start))
    }

    /// `recover_main`, `retry_main`, `accept_main`.
    pub fn started(mode: Mode) -> Self {
        Self::at(At::Read(mode))
    }

    fn at(at: At) -> Self {
        Self { at, knows: Fold::default(), direction: None, ending: None, attempts: 0, retrying: false }
    }

    pub fn goes_forward(&self) -> bool {
        matches!(self.at, At::Check(_) | At::Await | At::Wait(Script::Do(_)))
    }
}

impl World {
    /// The executor's next move, if it does not wait for something.
    pub fn moves(&self) -> bool {
        match self.executor.as_ref().map(|executor| executor.at) {
            None | Some(At::Wait(_)) => false,
            Some(At::Await) => self.verdict.is_some(),
            Some(_) => true,
        }
    }

    /// Makes it.
    pub fn go(&mut self, mutation: Option<Mutation>) {
        let Some(executor) = self.executor.clone() else { return };
        match executor.at {
            At::Read(mode) => self.read(mode, mutation),
            At::Fence => self.fence(mutation),
            At::Check(number) => self.check(number, mutation),
            At::Write(line) => self.write(line, mutation),
            At::Sync(line) => {
                let appended = if self.disk == Disk::NoSync {
                    Appended::NotSynced
                } else {
                    self.journal.sync();
                    Appended::Synced
                };
                self.appended(line, appended, mutation);
            }
            At::Spawn(script) => self.spawn(script, mutation),
            At::Wait(_) => {}
            At::Await => self.decide(mutation),
            At::Clean => {
                // clean_up
                self.guard = false;
                self.executor = None;
            }
        }
    }

    fn executor(&mut self) -> &mut Executor {
        self.executor.as_mut().expect("only a living one moves")
    }

    fn next(&mut self, at: At) {
        self.executor().at = at;
    }

    /// `append`, the writing of it.
    fn write(&mut self, line: Line, mutation: Option<Mutation>) {
        if self.disk == Disk::Full {
            self.appended(line, Appended::NotWritten, mutation);
        } else {
            self.journal.write(line, self.runner_reads());
            self.next(At::Sync(line));
        }
    }

    /// What follows an append, by its exit status.
    fn appended(&mut self, line: Line, appended: Appended, mutation: Option<Mutation>) {
        let appended = if mutation == Some(Mutation::AppendUnchecked) { Appended::Synced } else { appended };
        let is_good = appended == Appended::Synced;
        match line {
            // run_main
            Line::Start if is_good => {
                self.executor().knows.started = true;
                self.next(At::Check(0));
            }
            Line::Start => self.discard(),
            // go_forward
            Line::Begin(step) if is_good => {
                self.executor().knows.apply(line);
                self.next(At::Spawn(Script::Do(step)));
            }
            Line::End(step, true) if is_good && self.executor().ending.is_none() => {
                self.next(At::Check(step as usize + 1));
            }
            Line::End(..) => {
                let why = self.executor().ending.take().unwrap_or(Why::Step);
                self.give_up(why, mutation);
            }
            // await_verdict
            Line::Await if is_good => self.next(At::Await),
            Line::Begin(_) | Line::Await => self.give_up(Why::Step, mutation),
            // run_main
            Line::Verdict => self.next(At::Write(Line::Commit)),
            Line::Commit => match appended {
                Appended::Synced => {
                    self.executor().knows.commit = true;
                    self.finish(End::Committed);
                }
                Appended::NotWritten => self.give_up(Why::Step, mutation),
                Appended::NotSynced => self.stuck(),
            },
            // give_up: it need not be written down
            Line::Abort(_) => self.go_back(mutation),
            // go_back
            Line::Undo(step) => self.next(At::Spawn(Script::Undo(step))),
            Line::Undone(_) => {
                self.executor().knows.apply(line);
                self.go_back(mutation);
            }
            Line::UndoFailed(_) => self.stuck(),
            Line::Restored if is_good => {
                self.executor().knows.restored = true;
                if mutation == Some(Mutation::LiftBeforeRestored) {
                    self.next(At::Write(Line::Ended(End::RolledBack)));
                } else {
                    self.finish(End::RolledBack);
                }
            }
            Line::Restored => self.stuck(),
            // finish
            Line::Finish => self.next(At::Spawn(Script::Open)),
            Line::Finished(good) => self.finished(good, mutation),
            // recover
            Line::Recover if self.has_rebooted => self.next(At::Write(Line::Rebooted)),
            Line::Recover | Line::Rebooted => self.next(At::Fence),
            // retry_main
            Line::Retry if is_good => {
                self.executor().retrying = true;
                self.guard = true;
                self.next(At::Read(Mode::Recover));
            }
            // accept_main
            Line::Accept(end) if is_good => {
                self.executor().knows.accepted = Some(end);
                self.finish(end);
            }
            Line::Retry | Line::Accept(_) => self.executor = None,
            // end_run
            Line::Ended(_) if is_good => self.next(At::Clean),
            Line::Ended(_) => self.executor = None,
        }
    }

    /// `run_main` after a start that could not be written, and `recover` where nothing began.
    fn discard(&mut self) {
        self.guard = false;
        self.executor = None;
        self.journal = super::journal::Journal::default();
        self.is_discarded = true;
    }

    /// `go_forward`, before a step: `order_to_stop`, then the intent.
    fn check(&mut self, number: usize, mutation: Option<Mutation>) {
        match (self.abort_said(), STEPS.get(number)) {
            (Some(why), _) => self.give_up(why, mutation),
            (None, Some(step)) => self.next(At::Write(Line::Begin(*step))),
            (None, None) => self.next(At::Write(Line::Await)),
        }
    }

    /// `await_verdict`, when the file is there.
    fn decide(&mut self, mutation: Option<Mutation>) {
        match self.abort_said() {
            Some(why) => self.give_up(why, mutation),
            None => self.next(At::Write(Line::Verdict)),
        }
    }

    /// `order_to_stop`, what the verdict's file says.
    pub fn abort_said(&self) -> Option<Why> {
        self.verdict.and_then(super::world::Word::why)
    }

    /// `give_up`.
    pub fn give_up(&mut self, why: Why, mutation: Option<Mutation>) {
        let knows = &mut self.executor().knows;
        if knows.abort.is_none() {
            knows.abort = Some(why);
            self.next(At::Write(Line::Abort(why)));
        } else {
            // the way back begins with what is written next
            self.go_back(mutation);
        }
    }

    /// `go_back`.
    fn go_back(&mut self, mutation: Option<Mutation>) {
        let knows = self.executor().knows;
        let next = if mutation == Some(Mutation::UndoInOrder) { knows.oldest_undo() } else { knows.next_undo() };
        match next {
            Some(step) => self.next(At::Write(Line::Undo(step))),
            None if mutation == Some(Mutation::LiftBeforeRestored) => self.finish(End::RolledBack),
            None => self.next(At::Write(Line::Restored)),
        }
    }

    /// `finish`.
    fn finish(&mut self, direction: End) {
        let executor = self.executor();
        (executor.direction, executor.attempts) = (Some(direction), ATTEMPTS);
        self.next(At::Write(Line::Finish));
    }

    fn finished(&mut self, good: bool, mutation: Option<Mutation>) {
        let executor = self.executor();
        executor.attempts -= 1;
        let direction = executor.direction.expect("finish has set it");
        if good || (executor.attempts == 0 && executor.knows.accepted.is_some()) {
            let is_early = mutation == Some(Mutation::LiftBeforeRestored) && direction == End::RolledBack;
            let line = if is_early { Line::Restored } else { Line::Ended(direction) };
            if mutation == Some(Mutation::GuardGoesFirst) {
                self.guard = false;
            }
            self.next(At::Write(line));
        } else if executor.attempts > 0 {
            self.next(At::Write(Line::Finish));
        } else {
            self.stuck();
        }
    }

    /// `stuck`.
    fn stuck(&mut self) {
        self.next(At::Write(Line::Ended(End::Stuck)));
    }

    /// `read_journal`, then `recover`, `retry_main` or `accept_main`.
    fn read(&mut self, mode: Mode, mutation: Option<Mutation>) {
        let is_believed = mutation == Some(Mutation::BelieveUnsynced);
        if self.disk == Disk::NoSync && !is_believed {
            match mode {
                Mode::Recover => self.stuck(),
                Mode::Retry | Mode::Accept(_) => self.executor = None,
            }
            return;
        }
        if !is_believed {
            self.journal.sync();
        }
        let mut knows = self.journal.now();
        if mutation == Some(Mutation::BelieveEffects)
            && self.has_rebooted
            && let Some(step) = knows.undoing
        {
            knows.undone[step as usize] = true;
        }
        self.executor().knows = knows;
        match mode {
            // installed first: a crash in between leaves somebody who comes
            Mode::Retry => {
                self.guard = mutation != Some(Mutation::GuardComesLate);
                self.next(At::Write(Line::Retry));
            }
            Mode::Accept(end) => {
                self.guard = true;
                self.next(At::Write(Line::Accept(end)));
            }
            Mode::Recover if knows.ended.is_some() => self.next(At::Clean),
            Mode::Recover if let Some(end) = knows.accepted => self.finish(end),
            Mode::Recover if !knows.started => self.discard(),
            Mode::Recover if !self.executor().retrying => self.next(At::Write(Line::Recover)),
            Mode::Recover if self.has_rebooted => self.next(At::Write(Line::Rebooted)),
            Mode::Recover => self.next(At::Fence),
        }
    }

    /// `end_left_over`, and the rows of `recover`.
    fn fence(&mut self, mutation: Option<Mutation>) {
        if mutation != Some(Mutation::NoStepLock) {
            if self.end_holder() {
                return;
            }
            if !self.processes.is_empty() {
                self.stuck();
                return;
            }
        }
        let knows = self.executor().knows;
        if knows.commit && mutation != Some(Mutation::UndoAfterCommit) {
            self.finish(End::Committed);
        } else if knows.restored {
            self.finish(End::RolledBack);
        } else {
            let why = self.abort_said().unwrap_or(Why::Crash);
            self.give_up(why, mutation);
        }
    }

    /// `take_step_lock`: what holds it is ended, where that is allowed. Whether one was.
    fn end_holder(&mut self) -> bool {
        let found = self.processes.iter().position(|process| !process.is_foreign);
        found.map(|number| self.processes.remove(number)).is_some()
    }

    /// `spawn`, up to the start of the script.
    fn spawn(&mut self, script: Script, mutation: Option<Mutation>) {
        if mutation != Some(Mutation::NoStepLock) {
            if self.end_holder() {
                return;
            }
            if !self.processes.is_empty() {
                self.script_ended(script, false);
                return;
            }
        }
        self.start_process(script);
        self.next(At::Wait(script));
    }

    /// `spawn`, after the script's end.
    pub fn script_ended(&mut self, script: Script, good: bool) {
        self.next(At::Write(match script {
            Script::Do(step) => Line::End(step, good),
            Script::Undo(step) if good => Line::Undone(step),
            Script::Undo(step) => Line::UndoFailed(step),
            Script::Open => Line::Finished(good),
        }));
    }
}
