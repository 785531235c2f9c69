//! The world of the model: the runner, the network, and a target whose processes, disk and power may fail at any moment.

use backstay::model::Outcome;
use stateright::{Model, Property};

use super::{
    executor::{At, Executor, Mode, Script},
    journal::{End, Journal, Line, Step, Why},
    mutation::Mutation,
    properties,
    runner::{Living, Outcome2, Runner, Told, Wish},
};

/// How much may go wrong, and how the protocol is broken.
#[derive(Debug, Clone, Copy)]
pub struct Protocol {
    /// So many things go wrong in one run, of whatever kinds and wherever.
    pub faults: u8,
    /// So often a person takes up a stuck run.
    pub persons: u8,
    pub mutation: Option<Mutation>,
}

/// All there is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub runner: Runner,
    /// Whether the link stands.
    pub is_linked: bool,
    /// What is on its way to the target. It may arrive in any order.
    pub in_flight: Vec<Word>,
    pub executor: Option<Executor>,
    /// The scripts that run, whoever started them. Each holds the step lock.
    pub processes: Vec<Process>,
    pub journal: Journal,
    pub verdict: Option<Word>,
    pub disk: Disk,
    pub guard: bool,
    pub site: Site,
    /// Whether the boot is another one than that of the start.
    pub has_rebooted: bool,
    /// Whether the run's folder is gone, because nothing had begun.
    pub is_discarded: bool,
    /// Whether recovery was tried on a disk that takes nothing: it is tried every minute, and once shows what it does.
    pub was_tried: bool,
    pub faults: u8,
    pub persons: u8,
    pub seen: Seen,
}

/// What the properties remember.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The verdict that came first.
    pub first_verdict: Option<Word>,
    /// Whether users have been let in again.
    pub lifted: bool,
    /// Whether a script has changed the data after that.
    pub overwritten: bool,
}

/// What the runner says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    Commit,
    AbortSmoke,
    AbortCancelled,
}

/// What users meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site {
    pub is_down: bool,
    pub data: Data,
    pub is_new_code: bool,
}

/// The live data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Data {
    Old,
    /// The migration has begun and not ended.
    Half,
    New,
}

/// A script that runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    pub script: Script,
    /// How many of its effects have happened.
    pub done: usize,
    /// Whether an executor waits for it.
    pub is_owned: bool,
    /// Whether it may not be ended: another user's.
    pub is_foreign: bool,
    /// The site before its last effect, which is not on the disk before the script has ended.
    pub before: Option<Site>,
}

/// What the target's disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disk {
    Good,
    /// Nothing can be written.
    Full,
    /// What is written may not be on the disk.
    NoSync,
}

/// What may happen next. Some of it is a fault, and there are so many of those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The executor makes its next move.
    Executor,
    /// A script has its next effect, or ends well.
    Script(usize),
    /// It ends badly, or is killed.
    ScriptFails(usize),
    /// It ends well and leaves a process that will write into the data.
    ScriptLeavesProcess {
        is_foreign: bool,
    },
    /// The verdict, or the lease, ends the running script.
    Watcher(Why),
    /// No sign of life for as long as the lease.
    LeaseIsOver,
    ExecutorKilled {
        is_foreign: bool,
    },
    /// The machine is restarted; so many written lines are lost, and the last effect of a script.
    PowerFails {
        lost: usize,
        is_effect_lost: bool,
    },
    DiskFails(Disk),
    DiskHeals,
    GuardComes,
    /// The runner reads what the journal has.
    RunnerReads,
    RunnerHearsThatNobodyWorks,
    RunnerHearsThatItIsGone,
    ChecksEnd {
        passed: bool,
    },
    Arrives(usize),
    ArrivesTwice(usize),
    LinkBreaks {
        loses: bool,
    },
    LinkComesBack,
    LinkIsGivenUp,
    Interrupted,
    RunnerKilled,
    /// The moment to leave, or to say again what was not written down.
    Later,
    PersonRetries,
    PersonAccepts(End),
}

impl Word {
    pub fn why(self) -> Option<Why> {
        match self {
            Self::Commit => None,
            Self::AbortSmoke => Some(Why::Smoke),
            Self::AbortCancelled => Some(Why::Cancelled),
        }
    }

    fn of(text: &str) -> Self {
        match text.split(' ').take(2).collect::<Vec<_>>()[..] {
            ["commit"] => Self::Commit,
            ["abort", "smoke"] => Self::AbortSmoke,
            ["abort", "cancelled"] => Self::AbortCancelled,
            _ => panic!("the model knows no such word: {text}"),
        }
    }
}

impl World {
    fn new(protocol: Protocol) -> Self {
        Self {
            runner: Runner::Alive(Living::arming()),
            is_linked: true,
            in_flight: Vec::new(),
            executor: Some(Executor::run()),
            processes: Vec::new(),
            journal: Journal::default(),
            verdict: None,
            disk: Disk::Good,
            guard: true,
            site: Site { is_down: false, data: Data::Old, is_new_code: false },
            has_rebooted: false,
            is_discarded: false,
            was_tried: false,
            faults: protocol.faults,
            persons: protocol.persons,
            seen: Seen::default(),
        }
    }

    fn living(&self) -> Option<&Living> {
        match &self.runner {
            Runner::Alive(living) => Some(living),
            Runner::Left { .. } | Runner::Killed => None,
        }
    }

    /// Whether the runner will ever read what is written now.
    pub fn runner_reads(&self) -> bool {
        self.living().is_some()
    }

    fn listener(&self) -> Option<&Living> {
        self.living().filter(|living| self.is_linked && !living.is_rejoining())
    }

    /// Whether the run has begun, as the link sees it: there is a journal with something in it.
    fn is_there(&self) -> bool {
        self.journal.now().started && !self.is_discarded
    }

    pub fn start_process(&mut self, script: Script) {
        self.processes.push(Process { script, done: 0, is_owned: true, is_foreign: false, before: None });
    }

    /// What a script does to the site, one after the other.
    fn effect(&self, process: &Process) -> Option<Site> {
        let site = self.site;
        match (process.script, process.done) {
            (Script::Do(Step::Close), 0) => Some(Site { is_down: true, ..site }),
            (Script::Do(Step::Data), 0) => Some(Site { data: Data::Half, ..site }),
            (Script::Do(Step::Data), 1) => Some(Site { data: Data::New, ..site }),
            (Script::Do(Step::Code), 0) => Some(Site { is_new_code: true, ..site }),
            (Script::Undo(Step::Code), 0) => Some(Site { is_new_code: false, ..site }),
            // one swap, whatever the state before
            (Script::Undo(Step::Data), 0) => Some(Site { data: Data::Old, ..site }),
            (Script::Open, 0) => Some(Site { is_down: false, ..site }),
            (Script::Do(_) | Script::Undo(_) | Script::Open, _) => None,
        }
    }

    fn run_script(&mut self, number: usize) {
        let process = self.processes[number].clone();
        if let Some(site) = self.effect(&process) {
            self.seen.overwritten |= self.seen.lifted && site.data != self.site.data;
            self.seen.lifted |= process.script == Script::Open;
            let before = Some(self.site);
            self.processes[number] = Process { done: process.done + 1, before, ..process };
            self.site = site;
        } else {
            self.end_script(number, true);
        }
    }

    fn end_script(&mut self, number: usize, good: bool) {
        let process = self.processes.remove(number);
        if process.is_owned {
            self.script_ended(process.script, good);
        }
    }

    fn owned(&self) -> Option<usize> {
        self.processes.iter().position(|process| process.is_owned)
    }

    fn tell(&mut self, what: Told<'_>) {
        let Some(living) = self.living() else { return };
        let (runner, wishes) = living.told(what);
        self.runner = runner;
        for wish in wishes {
            match wish {
                Wish::Open { recover } => {
                    self.is_linked = true;
                    if recover && self.executor.is_none() {
                        self.start(Mode::Recover);
                    }
                }
                Wish::Say(text) if self.is_linked => {
                    self.in_flight.push(Word::of(&text));
                    self.in_flight.sort_by_key(|word| *word as u8);
                }
                Wish::Say(_) => {}
                Wish::Leave { .. } => self.is_linked = false,
            }
        }
        self.forget_unread();
    }

    fn leave(&mut self, runner: Runner) {
        (self.runner, self.is_linked) = (runner, false);
        self.forget_unread();
    }

    /// Nobody reads any more.
    fn forget_unread(&mut self) {
        if !self.runner_reads() {
            self.journal.is_read_by_nobody();
        }
    }

    /// An executor takes the lock.
    fn start(&mut self, mode: Mode) {
        self.was_tried = self.disk != Disk::Good;
        self.executor = Some(Executor::started(mode));
    }

    /// Recovery may be started and is worth it.
    fn lies_idle(&self) -> bool {
        self.executor.is_none() && !self.is_discarded && !(self.was_tried && self.disk != Disk::Good)
    }

    /// `verdict` in link.sh.
    fn arrive(&mut self, word: Word, mutation: Option<Mutation>) {
        if self.is_discarded || (self.verdict.is_some() && mutation != Some(Mutation::TwoVerdicts)) {
            return;
        }
        if self.disk == Disk::Full {
            if self.listener().is_some() {
                self.tell(Told::Unwritten);
            }
            return;
        }
        self.verdict = Some(word);
        self.seen.first_verdict = self.seen.first_verdict.or(Some(word));
        if mutation == Some(Mutation::SaidIsDone) && word == Word::Commit && self.runner_reads() {
            self.leave(Runner::Left { outcome: Some(Outcome2(Outcome::Committed)), committed: true });
        }
    }

    fn read_by_runner(&mut self) {
        let lines = self.journal.read();
        let is_over = self.journal.now().ended.is_some();
        self.tell(Told::Lines(&lines, is_over));
    }

    fn power_fails(&mut self, lost: usize, is_effect_lost: bool) {
        self.journal.lose(lost, self.runner_reads());
        if is_effect_lost && let Some(site) = self.processes.last().and_then(|process| process.before) {
            self.site = site;
        }
        self.processes.clear();
        self.in_flight.clear();
        self.executor = None;
        self.has_rebooted = true;
        self.break_link();
    }

    fn break_link(&mut self) {
        if self.listener().is_some() {
            self.is_linked = false;
            self.tell(Told::LinkLost);
        }
    }

    fn lease_is_over(&mut self, mutation: Option<Mutation>) {
        match self.executor.as_ref().map(|executor| executor.at) {
            Some(At::Wait(_)) => self.watcher(Why::Lost),
            _ => self.give_up(Why::Lost, mutation),
        }
    }

    /// `watch_step`: the session is ended.
    fn watcher(&mut self, why: Why) {
        if let Some(executor) = &mut self.executor {
            executor.ending = Some(why);
        }
        if let Some(number) = self.owned() {
            self.end_script(number, false);
        }
    }

    fn target_actions(&self, actions: &mut Vec<Action>, protocol: Protocol) {
        let may_fail = self.faults > 0;
        if self.moves() {
            actions.push(Action::Executor);
        }
        for (number, process) in self.processes.iter().enumerate() {
            actions.push(Action::Script(number));
            let is_free = process.script == Script::Do(Step::Data) && process.done == 1;
            if process.is_owned && (is_free || may_fail) {
                actions.push(Action::ScriptFails(number));
            }
        }
        if let Some(executor) = self.executor.as_ref().filter(|executor| executor.goes_forward()) {
            if let (At::Wait(_), Some(why)) = (executor.at, self.abort_said()) {
                actions.push(Action::Watcher(why));
            }
            let is_asked = executor.at != At::Await || self.verdict.is_none();
            let is_silent = self.listener().is_none();
            if is_asked && (is_silent || may_fail) && protocol.mutation != Some(Mutation::NoLease) {
                actions.push(Action::LeaseIsOver);
            }
        }
        if self.disk != Disk::Good {
            actions.push(Action::DiskHeals);
        }
        if self.guard && self.lies_idle() {
            actions.push(Action::GuardComes);
        }
        if self.persons > 0 && self.lies_idle() && self.journal.now().ended == Some(End::Stuck) {
            actions.extend([
                Action::PersonRetries,
                Action::PersonAccepts(End::Committed),
                Action::PersonAccepts(End::RolledBack),
            ]);
        }
    }

    fn faults_of_target(&self, actions: &mut Vec<Action>) {
        if let Some(executor) = &self.executor {
            actions.push(Action::ExecutorKilled { is_foreign: false });
            if self.owned().is_some() {
                actions.push(Action::ExecutorKilled { is_foreign: true });
            }
            let leaves = |process: &Process| process.script == Script::Do(Step::Data) && process.done == 2;
            if matches!(executor.at, At::Wait(_)) && self.processes.iter().any(leaves) {
                actions.extend([false, true].map(|is_foreign| Action::ScriptLeavesProcess { is_foreign }));
            }
        }
        let can_lose = self.processes.last().is_some_and(|process| process.before.is_some());
        if !self.is_discarded {
            for lost in 0..=self.journal.tail.len() {
                actions.push(Action::PowerFails { lost, is_effect_lost: false });
                if can_lose {
                    actions.push(Action::PowerFails { lost, is_effect_lost: true });
                }
            }
        }
        if self.disk == Disk::Good && self.executor.is_some() {
            actions.extend([Action::DiskFails(Disk::Full), Action::DiskFails(Disk::NoSync)]);
        }
    }

    fn runner_actions(&self, actions: &mut Vec<Action>) {
        let may_fail = self.faults > 0;
        for number in 0..self.in_flight.len() {
            actions.push(Action::Arrives(number));
            if may_fail {
                actions.push(Action::ArrivesTwice(number));
            }
        }
        let Some(living) = self.living() else { return };
        if may_fail {
            actions.extend([Action::RunnerKilled, Action::Interrupted]);
        }
        if living.is_leaving() {
            actions.push(Action::Later);
        }
        let Some(living) = self.listener() else {
            actions.push(Action::LinkComesBack);
            if may_fail {
                actions.push(Action::LinkIsGivenUp);
            }
            return;
        };
        if may_fail {
            actions.push(Action::LinkBreaks { loses: false });
            if !self.in_flight.is_empty() {
                actions.push(Action::LinkBreaks { loses: true });
            }
        }
        if living.is_smoking() {
            actions.extend([true, false].map(|passed| Action::ChecksEnd { passed }));
        }
        // until it is written down; to say it once more would change nothing
        let is_heard = self.verdict.is_some() || self.disk == Disk::Full || !self.in_flight.is_empty();
        if living.repeats() && !is_heard && !living.is_leaving() {
            actions.push(Action::Later);
        }
        let matters = self.journal.unread().any(Line::matters);
        if matters || (self.journal.now().ended.is_some() && !living.is_arming()) {
            actions.push(Action::RunnerReads);
        } else if self.executor.is_none() && !self.is_there() {
            actions.push(Action::RunnerHearsThatItIsGone);
        } else if self.lies_idle() && !living.is_arming() {
            actions.push(Action::RunnerHearsThatNobodyWorks);
        }
    }

    fn happen(&mut self, action: Action, mutation: Option<Mutation>) {
        match action {
            Action::Executor => self.go(mutation),
            Action::Script(number) => self.run_script(number),
            Action::ScriptFails(number) => self.end_script(number, false),
            Action::ScriptLeavesProcess { is_foreign } => {
                let number = self.owned().expect("it runs");
                self.end_script(number, true);
                // what it writes is a part of the migration as long as that stands
                let script = Script::Do(Step::Data);
                self.processes.push(Process { script, done: 1, is_owned: false, is_foreign, before: None });
            }
            Action::Watcher(why) => self.watcher(why),
            Action::LeaseIsOver => self.lease_is_over(mutation),
            Action::ExecutorKilled { is_foreign } => {
                self.executor = None;
                for process in &mut self.processes {
                    (process.is_foreign, process.is_owned) = (process.is_foreign || is_foreign, false);
                }
            }
            Action::PowerFails { lost, is_effect_lost } => self.power_fails(lost, is_effect_lost),
            Action::DiskFails(disk) => self.disk = disk,
            Action::DiskHeals => (self.disk, self.was_tried) = (Disk::Good, false),
            Action::GuardComes => self.start(Mode::Recover),
            Action::RunnerReads => self.read_by_runner(),
            Action::RunnerHearsThatNobodyWorks => self.tell(Told::Dead),
            Action::RunnerHearsThatItIsGone => self.tell(Told::Gone),
            Action::ChecksEnd { passed } => self.tell(Told::Smoked(passed)),
            Action::Arrives(number) => {
                let word = self.in_flight.remove(number);
                self.arrive(word, mutation);
            }
            Action::ArrivesTwice(number) => self.arrive(self.in_flight[number], mutation),
            Action::LinkBreaks { loses } => {
                if loses {
                    self.in_flight.clear();
                }
                self.break_link();
            }
            Action::LinkComesBack => self.tell(Told::LinkBack),
            Action::LinkIsGivenUp => self.tell(Told::LinkGivenUp),
            Action::Interrupted => self.tell(Told::Interrupted),
            Action::RunnerKilled => self.leave(Runner::Killed),
            Action::Later => self.tell(Told::Later),
            Action::PersonRetries => self.start(Mode::Retry),
            Action::PersonAccepts(end) => self.start(Mode::Accept(end)),
        }
    }

    /// What an action takes from the number of things that may go wrong.
    fn costs(&self, action: Action) -> u8 {
        match action {
            Action::Executor
            | Action::Script(_)
            | Action::Watcher(_)
            | Action::DiskHeals
            | Action::GuardComes
            | Action::RunnerReads
            | Action::RunnerHearsThatNobodyWorks
            | Action::RunnerHearsThatItIsGone
            | Action::ChecksEnd { .. }
            | Action::Arrives(_)
            | Action::LinkComesBack
            | Action::Later
            | Action::PersonRetries
            | Action::PersonAccepts(_) => 0,
            Action::ScriptFails(number) => {
                let process = &self.processes[number];
                u8::from(process.script != Script::Do(Step::Data) || process.done != 1)
            }
            Action::LeaseIsOver => u8::from(self.listener().is_some()),
            Action::ScriptLeavesProcess { .. }
            | Action::ExecutorKilled { .. }
            | Action::PowerFails { .. }
            | Action::DiskFails(_)
            | Action::ArrivesTwice(_)
            | Action::LinkBreaks { .. }
            | Action::LinkIsGivenUp
            | Action::Interrupted
            | Action::RunnerKilled => 1,
        }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(*self)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.target_actions(actions, *self);
        world.runner_actions(actions);
        if world.faults > 0 {
            world.faults_of_target(actions);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.faults -= world.costs(action);
        if matches!(action, Action::PersonRetries | Action::PersonAccepts(_)) {
            next.persons -= 1;
        }
        next.happen(action, self.mutation);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
