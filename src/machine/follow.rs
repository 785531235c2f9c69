//! A run that is followed: the journal's facts become events, its waiting for a verdict becomes checks.

use super::{Checked, Effect};
use crate::{
    journal::{Entry, Fact, RunState, step_name},
    model::{EventKind, Phase, StepResult},
    plan::{Plan, StepSummary, Summary},
};

/// A journal has some hundred lines; one that is longer is none.
const ENTRIES_MAX: u64 = 20_000;
/// The link tells the last 40 lines of a script that failed.
const TAIL_MAX: usize = 100;

/// A run and what this runner has to do with it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own; every combination of them is there")]
pub struct Follow {
    /// Its id.
    pub run: String,
    /// What this runner is to it.
    pub role: Role,
    /// What its journal said so far.
    pub journal: RunState,
    /// Its plan.
    pub summary: Summary,
    /// The verdict or abort that was said and that the journal has not confirmed.
    pub said: Option<String>,
    /// Whether it was ever asked to commit.
    pub has_asked: bool,
    /// Whether the target could not write that down.
    pub is_unwritten: bool,
    /// Whether the checks are being made.
    pub smoking: bool,
    /// Whether the artifact still has to get there.
    pub uploading: bool,
    /// When the last beat was sent.
    pub beat_ms: i64,
    /// When the target was heard last.
    pub heard_ms: i64,
    /// Since when the link stands.
    pub linked_ms: i64,
    /// Since when it has come and gone without standing, and how often.
    pub unsteady: Option<(i64, u32)>,
    /// When the command has to end, whatever is seen by then.
    pub leave_ms: Option<i64>,
    /// How often nobody was found working on it.
    pub deaths: u32,
    /// What the first record has to name, where this runner made the plan.
    plan_hash: Option<String>,
    /// When the running step began, on the target's clock.
    began_ms: i64,
    /// How long users saw maintenance, until it is known whether the site was seen open.
    lifted_after_ms: Option<u64>,
    /// Which script failed last, and its last lines until they are told.
    tail: (String, Vec<String>),
}

/// What a runner is to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It made the run: it beats and gives the verdict.
    Owner,
    /// It settles what somebody else left; with `then_deploy` before a deploy of its own.
    Settler {
        /// Whether a deploy follows.
        then_deploy: bool,
    },
    /// It asks somebody else's run to stop.
    Aborter,
}

impl Follow {
    /// A run that is about to be followed from its beginning.
    pub fn new(run: &str, role: Role, summary: Summary, now_ms: i64) -> Self {
        Self {
            run: run.to_owned(),
            role,
            journal: RunState::default(),
            summary,
            said: None,
            has_asked: false,
            is_unwritten: false,
            smoking: false,
            uploading: false,
            beat_ms: now_ms,
            heard_ms: now_ms,
            linked_ms: now_ms,
            unsteady: None,
            leave_ms: None,
            deaths: 0,
            plan_hash: None,
            began_ms: 0,
            lifted_after_ms: None,
            tail: Default::default(),
        }
    }

    /// The run of a plan that was sent from here.
    pub fn of_plan(plan: &Plan, now_ms: i64) -> Self {
        Self {
            uploading: plan.takes_upload(),
            plan_hash: Some(plan.hash()),
            ..Self::new(plan.run.as_str(), Role::Owner, plan.summary(), now_ms)
        }
    }

    /// Why a line cannot be of this run's journal, whatever its checksum says.
    pub fn fault(&self, entry: &Entry) -> Option<&'static str> {
        if entry.seq <= self.journal.seq {
            return None;
        }
        let is_first = self.journal.seq == 0;
        match (&entry.fact, &self.plan_hash) {
            (_, _) if entry.seq > ENTRIES_MAX => Some("its journal has no end"),
            (Fact::Start { plan_hash, .. }, Some(ours)) if plan_hash != ours => {
                Some("what it shows is the journal of another plan")
            }
            (fact, Some(_)) if is_first && !matches!(fact, Fact::Start { .. }) => {
                Some("what it shows is a journal without a beginning")
            }
            (Fact::Commit, Some(_)) if !self.has_asked => Some("it says that it committed, and was not asked to"),
            (_, _) => None,
        }
    }

    /// Takes in one journal line.
    pub fn entry(&mut self, entry: &Entry) -> Vec<Effect> {
        if entry.seq <= self.journal.seq {
            return Vec::new();
        }
        let mut effects = self.flush_tail();
        effects.extend(self.lifted(entry));
        effects.extend(self.tell(entry));
        self.journal.apply(entry);
        if entry.fact == Fact::Await && self.role == Role::Owner && self.said.is_none() {
            effects.extend(self.smoke());
        }
        effects
    }

    /// A line of the output of what runs now.
    pub fn newest(&self, line: String) -> Vec<Effect> {
        let Some(folder) = &self.journal.running else { return Vec::new() };
        vec![Effect::Emit(EventKind::StepOutput { step: step_name(folder).to_owned(), line })]
    }

    /// One of the last lines of a script that failed.
    pub fn tail(&mut self, line: String) {
        if self.tail.1.len() < TAIL_MAX {
            self.tail.1.push(line);
        }
    }

    /// The last lines as an event, once they are complete.
    pub fn flush_tail(&mut self) -> Vec<Effect> {
        if self.tail.1.is_empty() {
            return Vec::new();
        }
        let (step, lines) = std::mem::take(&mut self.tail);
        vec![Effect::Emit(EventKind::FailureOutput { step, lines })]
    }

    /// The runner's own checks begin.
    pub fn smoke(&mut self) -> [Effect; 2] {
        self.smoking = true;
        let begun = EventKind::PhaseBegun { phase: Phase::Smoke };
        [Effect::Emit(begun), Effect::Smoke(self.summary.about.revision.clone())]
    }

    /// What the checks say: the verdict.
    pub fn smoked(&mut self, checks: Vec<Checked>) -> Vec<Effect> {
        self.smoking = false;
        let mut effects = Vec::new();
        let failed: Vec<String> = checks
            .iter()
            .filter(|check| check.required && !check.passed)
            .map(|check| format!("{}: {}", check.check, check.note))
            .collect();
        for check in checks {
            let Checked { check, passed, required, note, duration_ms } = check;
            effects.push(Effect::Emit(EventKind::Checked { check, passed, required, note, duration_ms }));
        }
        if self.said.is_none() {
            let verdict = if self.summary.about.command == "drill" {
                // its plan cannot come here; a drill is never committed
                "abort smoke the injection of the drill did not bite".to_owned()
            } else if failed.is_empty() {
                "commit".to_owned()
            } else {
                format!("abort smoke {}", one_line(&failed.join("; ")))
            };
            effects.extend(self.say(verdict));
        }
        effects
    }

    /// Says the verdict or an abort; the first one counts.
    pub fn say(&mut self, what: String) -> Vec<Effect> {
        self.has_asked |= what == "commit";
        self.said = Some(what.clone());
        vec![Effect::Send(what)]
    }

    /// The target could not write down what was said.
    pub fn unwritten(&mut self) -> Option<Effect> {
        let is_first = !std::mem::replace(&mut self.is_unwritten, true);
        let text = "the target cannot write the verdict down (disk full?); if it still cannot when the lease is over, it rolls back";
        is_first.then(|| Effect::Emit(EventKind::Warning { text: text.to_owned() }))
    }

    /// Whether the run asks for nothing more from a verdict.
    pub fn is_decided(&self) -> bool {
        self.journal.committed || self.journal.abort.is_some() || self.journal.end.is_some()
    }

    /// Maintenance was reported off; what comes next says whether that was seen.
    fn lifted(&mut self, next: &Entry) -> Option<Effect> {
        let downtime_ms = self.lifted_after_ms.take()?;
        let seen = matches!(&next.fact, Fact::Reported { name, value } if name == "lifted" && value == "seen");
        Some(Effect::Emit(EventKind::MaintenanceOff { downtime_ms, seen }))
    }

    fn tell(&mut self, entry: &Entry) -> Vec<Effect> {
        let events = match &entry.fact {
            Fact::Start { .. } => vec![],
            Fact::Begin(folder) => self.begin(entry, folder, false, &self.summary.steps.clone()),
            Fact::Undo(folder) => self.begin(entry, folder, true, &self.summary.steps.clone()),
            Fact::Finish(folder) => self.begin(entry, folder, false, &self.summary.finish.clone()),
            Fact::End { step, code, note } => self.end(entry, step, *code, note, false, &self.summary.steps.clone()),
            Fact::Undone { step, note } => self.end(entry, step, 0, note, true, &self.summary.steps.clone()),
            Fact::UndoFailed { step, code, note } => {
                self.end(entry, step, *code, note, true, &self.summary.steps.clone())
            }
            Fact::Finished { step, code, note } => {
                self.end(entry, step, *code, note, false, &self.summary.finish.clone())
            }
            Fact::Skip(folder) => vec![EventKind::StepEnded {
                step: step_name(folder).to_owned(),
                phase: phase(&self.summary.steps, folder),
                undo: false,
                result: StepResult::Skipped,
                note: String::new(),
                duration_ms: 0,
            }],
            Fact::Commit => vec![EventKind::Commit],
            Fact::Restored => vec![EventKind::Restored],
            Fact::Abort { text, .. } if self.journal.abort.is_none() => {
                vec![EventKind::Undoing { reason: text.clone() }]
            }
            Fact::Reported { name, value } => self.reported(entry, name, value),
            Fact::Warning(text) => vec![EventKind::Warning { text: text.clone() }],
            Fact::Recover => vec![EventKind::Warning {
                text: "the executor had died; it was started again and goes on from its journal".to_owned(),
            }],
            Fact::Retry(who) => vec![EventKind::Warning { text: format!("{who} has it tried again") }],
            Fact::Accept { state, who } => {
                vec![EventKind::Warning { text: format!("{who} says that the app is {state}; that ends the run") }]
            }
            Fact::Rebooted => vec![EventKind::Warning { text: "the target was restarted in between".to_owned() }],
            Fact::Notified { end, code } if *code != 0 => {
                vec![EventKind::Warning { text: format!("notify for {end} failed with exit {code}") }]
            }
            Fact::Abort { .. }
            | Fact::Await
            | Fact::Verdict(_)
            | Fact::Notified { .. }
            | Fact::Ended { .. }
            | Fact::Stuck { .. } => vec![],
        };
        events.into_iter().map(Effect::Emit).collect()
    }

    fn begin(&mut self, entry: &Entry, folder: &str, undo: bool, steps: &[StepSummary]) -> Vec<EventKind> {
        self.began_ms = entry.at_ms;
        vec![EventKind::StepBegun { step: step_name(folder).to_owned(), phase: phase(steps, folder), undo }]
    }

    fn end(
        &mut self,
        entry: &Entry,
        folder: &str,
        code: i32,
        note: &str,
        undo: bool,
        steps: &[StepSummary],
    ) -> Vec<EventKind> {
        step_name(folder).clone_into(&mut self.tail.0);
        let result = if code == 0 { StepResult::Done } else { StepResult::Failed { code } };
        vec![EventKind::StepEnded {
            step: step_name(folder).to_owned(),
            phase: phase(steps, folder),
            undo,
            result,
            note: note.to_owned(),
            duration_ms: u64::try_from(entry.at_ms.saturating_sub(self.began_ms)).unwrap_or(0),
        }]
    }

    fn reported(&mut self, entry: &Entry, name: &str, value: &str) -> Vec<EventKind> {
        match (name, value) {
            ("maintenance", "on") if self.journal.maintenance_on_ms.is_none() => vec![EventKind::MaintenanceOn],
            ("maintenance", "off") => {
                let Some(on_ms) = self.journal.maintenance_on_ms else { return Vec::new() };
                self.lifted_after_ms = Some(u64::try_from(entry.at_ms.saturating_sub(on_ms)).unwrap_or(0));
                Vec::new()
            }
            ("lifted", "not-seen") => {
                vec![EventKind::Warning { text: "maintenance is lifted, but the site was not seen open".to_owned() }]
            }
            ("warning", text) => vec![EventKind::Warning { text: text.to_owned() }],
            ("leak", text) => vec![EventKind::Warning { text: text.to_owned() }],
            ("check-failed", check) => {
                vec![EventKind::Warning { text: format!("an advisory check failed: {check}") }]
            }
            (_, _) => Vec::new(),
        }
    }
}

/// The words of a verdict are one line.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

fn phase(steps: &[StepSummary], folder: &str) -> Phase {
    steps.iter().find(|step| step.folder == folder).map_or(Phase::Prepare, |step| step.phase)
}
