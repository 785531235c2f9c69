//! The runner of the model: `backstay::machine` itself. What is not modelled is time: each moment that the machine waits
//! for is an input of its own, and what it remembers of the clock is set back to zero after each step.

use std::{
    hash::{Hash, Hasher},
    path::Path,
    sync::{Arc, OnceLock},
};

use backstay::{
    config::{Secret, Source, load},
    journal::{Entry, RunState},
    machine::{Checked, Effect, Finish, Goal, Input, Job, LinkLine, State, step},
    model::Outcome,
    plan::{Plan, Refusal, Request, Summary},
    scripts::Reply,
};

use super::journal::Line;

/// A moment when a beat is due, or the next try of a lost link.
const SOON_MS: i64 = 60_000;
/// A moment when a lost link is given up.
const LATE_MS: i64 = 100_000_000;

/// Where the runner is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Runner {
    Alive(Living),
    /// It has ended with this; without an outcome where it failed itself.
    Left {
        outcome: Option<Outcome2>,
        committed: bool,
    },
    Killed,
}

/// The machine's state, compared and hashed by what decides about its future.
#[derive(Clone)]
pub struct Living(Arc<(State, Key)>);

/// An outcome that can be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome2(pub Outcome);

impl Hash for Outcome2 {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.exit_code().hash(hasher);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Arming { cancelled: bool },
    Following(Followed),
    Rejoining(Followed),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Followed {
    journal: RunState,
    said: Option<String>,
    has_asked: bool,
    is_unwritten: bool,
    smoking: bool,
    uploading: bool,
    leaves: bool,
    deaths: u32,
}

impl PartialEq for Living {
    fn eq(&self, other: &Self) -> bool {
        self.0.1 == other.0.1
    }
}

impl Eq for Living {}

impl Hash for Living {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.1.hash(hasher);
    }
}

impl std::fmt::Debug for Living {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.1.fmt(f)
    }
}

/// What happens to the runner, or what it notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// Lines of the journal, and whether its end is among what the link has read.
    Lines(&'a [Line], bool),
    Dead,
    /// The run did not begin, or is not there any more.
    Gone,
    Unwritten,
    Smoked(bool),
    LinkLost,
    LinkBack,
    LinkGivenUp,
    Interrupted,
    /// The moment to say again what was not written down, or to leave.
    Later,
}

/// What the runner asks of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    Open { recover: bool },
    Say(String),
    Leave { outcome: Option<Outcome2>, committed: bool },
}

fn job() -> &'static Job {
    static JOB: OnceLock<Job> = OnceLock::new();
    JOB.get_or_init(|| {
        let text = "version: 1\napp: shop\nenvironments:\n  test: { transport: local, path: /srv/shop, url: \"https://shop.example.com\" }\n";
        let source = Source { name: "backstay.yml", text, folder: Path::new("/") };
        let request = Request {
            run: "20261123T101500Z-3f2a1c9".to_owned().try_into().expect("an id"),
            revision: None,
            actor: "alice".to_owned(),
            key: None,
            shipment: None,
            data_only: false,
            bypass: Secret::new("backstay-secret".to_owned()),
        };
        Job { config: load(source, None, &|_| None).expect("it is right"), request, goal: Goal::Deploy }
    })
}

/// A runner's state when its plan is on its way, and the plan.
fn armed() -> &'static (State, Plan) {
    static ARMED: OnceLock<(State, Plan)> = OnceLock::new();
    ARMED.get_or_init(|| {
        let found = Reply::parse(b"complete\tyes\n");
        let probed = Input::Probed { reply: Box::new(found), baseline: vec![] };
        let (state, _) = step(State::Connecting, job(), 0, Input::Connected);
        let (state, effects) = step(state, job(), 0, probed);
        let Some(Effect::Arm(plan)) = effects.last() else { panic!("{effects:?}") };
        (state, Plan::clone(plan))
    })
}

/// What the first record of its journal names.
pub fn plan_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| armed().1.hash())
}

impl Living {
    /// A runner whose plan is on its way.
    pub fn arming() -> Self {
        Self::of(armed().0.clone())
    }

    fn of(mut state: State) -> Self {
        let key = match &mut state {
            State::Arming { cancelled, .. } => Key::Arming { cancelled: *cancelled },
            State::Following(follow) => Key::Following(Followed::of(follow)),
            State::Rejoining { follow, since_ms, next_ms, tries } => {
                (*since_ms, *next_ms, *tries) = (0, next_ms.map(|_| 0), 0);
                Key::Rejoining(Followed::of(follow))
            }
            State::Connecting | State::Probing { .. } | State::Done => {
                panic!("the model has no such state: {state:?}")
            }
        };
        Self(Arc::new((state, key)))
    }

    pub fn is_arming(&self) -> bool {
        matches!(self.0.1, Key::Arming { .. })
    }

    pub fn is_rejoining(&self) -> bool {
        matches!(self.0.1, Key::Rejoining(_))
    }

    pub fn is_smoking(&self) -> bool {
        self.followed().is_some_and(|followed| followed.smoking) && !self.is_rejoining()
    }

    pub fn is_leaving(&self) -> bool {
        self.followed().is_some_and(|followed| followed.leaves)
    }

    /// Whether it would say something again.
    pub fn repeats(&self) -> bool {
        self.followed().is_some_and(|f| {
            f.is_unwritten
                && f.said.is_some()
                && !f.journal.committed
                && f.journal.abort.is_none()
                && f.journal.end.is_none()
        })
    }

    fn followed(&self) -> Option<&Followed> {
        match &self.0.1 {
            Key::Following(followed) | Key::Rejoining(followed) => Some(followed),
            Key::Arming { .. } => None,
        }
    }

    /// What becomes of it, and what it asks for.
    pub fn told(&self, what: Told<'_>) -> (Runner, Vec<Wish>) {
        let mut state = self.0.0.clone();
        let mut wishes = Vec::new();
        for (now_ms, input) in self.inputs(what) {
            let (next, effects) = step(state, job(), now_ms, input);
            wishes.extend(effects.into_iter().filter_map(wish));
            state = next;
            if matches!(state, State::Done) {
                break;
            }
        }
        if let Some(Wish::Leave { outcome, committed }) = wishes.last() {
            return (Runner::Left { outcome: *outcome, committed: *committed }, wishes);
        }
        (Runner::Alive(Self::of(state)), wishes)
    }

    fn inputs(&self, what: Told<'_>) -> Vec<(i64, Input)> {
        let line = |line| (0, Input::Line(line));
        match what {
            Told::Lines(lines, is_over) => {
                let seq = self.followed().map_or(0, |followed| followed.journal.seq);
                let entry = |(seq, line): (u64, &Line)| LinkLine::Entry(Entry { seq, at_ms: 0, fact: line.fact() });
                let entries = (seq + 1..).zip(lines).map(entry).map(line);
                let uploaded = self.is_arming().then_some((0, Input::Uploaded));
                entries.chain(uploaded).chain(is_over.then(|| line(LinkLine::End))).collect()
            }
            Told::Dead => vec![line(LinkLine::Dead)],
            Told::Gone if self.is_arming() => {
                vec![line(LinkLine::Answer("refused".to_owned(), "disk full".to_owned()))]
            }
            Told::Gone => vec![line(LinkLine::Answer("gone".to_owned(), "there is no run".to_owned()))],
            Told::Unwritten => vec![line(LinkLine::Unwritten)],
            Told::Smoked(passed) => {
                let check =
                    Checked { check: "/".to_owned(), passed, required: true, note: String::new(), duration_ms: 0 };
                vec![(0, Input::Smoked(vec![check]))]
            }
            Told::LinkLost => vec![(0, Input::LinkClosed(Some("broken pipe".to_owned())))],
            Told::LinkBack => vec![(SOON_MS, Input::Tick), (SOON_MS, Input::Connected)],
            Told::LinkGivenUp => vec![
                (SOON_MS, Input::Tick),
                (SOON_MS, Input::ConnectFailed { refusal: Refusal::new("no route", "wait") }),
                (LATE_MS, Input::Tick),
            ],
            Told::Interrupted => vec![(0, Input::Interrupted)],
            Told::Later => vec![(SOON_MS, Input::Tick)],
        }
    }
}

impl Followed {
    /// Sets its clock back, forgets how far it has read, and says what is left.
    fn of(follow: &mut backstay::machine::Follow) -> Self {
        follow.summary = Summary::default();
        (follow.beat_ms, follow.heard_ms, follow.linked_ms, follow.unsteady) = (0, 0, 0, None);
        follow.leave_ms = follow.leave_ms.map(|_| 0);
        // the numbers of lines are counted from what it has read
        follow.journal.seq = follow.journal.seq.min(1);
        // what is only shown
        (follow.journal.begun, follow.journal.running) = (Vec::new(), None);
        Self {
            journal: follow.journal.clone(),
            said: follow.said.clone(),
            has_asked: follow.has_asked,
            is_unwritten: follow.is_unwritten,
            smoking: follow.smoking,
            uploading: follow.uploading,
            leaves: follow.leave_ms.is_some(),
            deaths: follow.deaths,
        }
    }
}

fn wish(effect: Effect) -> Option<Wish> {
    use backstay::machine::CallMode;
    match effect {
        Effect::Open(call) => match call.mode {
            CallMode::Follow => Some(Wish::Open { recover: false }),
            CallMode::Recover => Some(Wish::Open { recover: true }),
            CallMode::Retry | CallMode::Accept(_) => panic!("a deploy does not ask for it"),
        },
        // a sign of life: what it is for is modelled as the lease that is over or not
        Effect::Send(text) if text == "beat" => None,
        Effect::Send(text) => Some(Wish::Say(text)),
        Effect::Finish(Finish::Outcome(report)) => {
            Some(Wish::Leave { outcome: Some(Outcome2(report.outcome)), committed: report.committed })
        }
        Effect::Finish(Finish::Fault(_)) => Some(Wish::Leave { outcome: None, committed: false }),
        Effect::Finish(Finish::Usage(_) | Finish::Planned { .. } | Finish::Nothing(_)) => {
            panic!("no end of a deploy: {effect:?}")
        }
        // the checks are made when the world says so; a link is opened when it comes back
        Effect::Smoke(_) | Effect::Connect | Effect::Emit(_) | Effect::Upload(_) => None,
        Effect::Probe | Effect::Arm(_) => panic!("the model begins later: {effect:?}"),
    }
}
