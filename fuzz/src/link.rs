//! What comes over the link to a run: lines, however they are cut, and a runner that ends in bounded time whatever they say, and
//! says `committed` only of a run that it asked to commit and whose journal says so.
//!
//! A line that begins with a digit gets its checksum, `HASH` in it stands for the plan's; one that begins with `>` is no line but
//! what else happens to the runner: `>smoked`, `>failed`, `>interrupted`, `>uploaded`, `>later`, `>closed`.

use std::sync::OnceLock;

use backstay::{
    journal::{Entry, Fact, written},
    machine::{Checked, Effect, Finish, Goal, Input, Job, LinkLine, LinkReader, State, step},
    model::Outcome,
    plan::{Plan, Refusal},
    scripts::Reply,
};

use super::{
    job::{self, config},
    journal::is_sound,
};

/// More than a lost link is tried for, in steps of a second.
const PATIENCE_S: i64 = 10_000;

/// A runner and what it has done.
struct Runner {
    job: Job,
    state: State,
    now_ms: i64,
    has_asked: bool,
    /// Whether a person's word was read, which needs no commit.
    has_word: bool,
    /// Whether a connection that is tried comes about, and is cut at once.
    answers: bool,
}

pub fn take(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let said = said(rest);
    let lines = LinkReader::default().take(&said);
    let mut reader = LinkReader::default();
    let size = usize::from(*first) % 7 + 1;
    let pieces: Vec<LinkLine> = said.chunks(size).flat_map(|piece| reader.take(piece)).collect();
    assert_eq!(lines, pieces, "in pieces of {size}");

    let mut runner = Runner::arming(first & 0x80 != 0);
    for line in said.split_inclusive(|byte| *byte == b'\n') {
        match line {
            b">smoked\n" => runner.smoked(true),
            b">failed\n" => runner.smoked(false),
            b">interrupted\n" => runner.told(Input::Interrupted),
            b">uploaded\n" => runner.told(Input::Uploaded),
            b">later\n" => runner.wait(30),
            b">closed\n" => runner.told(Input::LinkClosed(None)),
            line => {
                for line in LinkReader::default().take(line) {
                    runner.told(Input::Line(line));
                }
            }
        }
    }
    // from here on the target is silent
    runner.wait(PATIENCE_S);
    assert!(runner.has_ended(), "it waits for ever: {:?}", runner.state);
}

fn said(bytes: &[u8]) -> Vec<u8> {
    let hash = plan().1.as_str();
    let line = |line: &[u8]| match line.first() {
        Some(b'0'..=b'9') => written(&String::from_utf8_lossy(line).replace("HASH", hash)).into_bytes(),
        _ => line.to_vec(),
    };
    bytes.split(|byte| *byte == b'\n').map(line).collect::<Vec<_>>().join(&b'\n')
}

/// A runner whose plan is on its way, and the plan's hash.
fn plan() -> &'static (State, String) {
    static PLAN: OnceLock<(State, String)> = OnceLock::new();
    PLAN.get_or_init(|| {
        let job = job::job(Goal::Deploy);
        let (state, _) = step(State::Connecting, &job, 0, Input::Connected);
        let probed = Input::Probed { reply: Box::new(Reply::parse(b"complete\tyes\n")), baseline: vec![] };
        let (state, effects) = step(state, &job, 0, probed);
        let hash = effects
            .iter()
            .find_map(|effect| if let Effect::Arm(plan) = effect { Some(Plan::hash(plan)) } else { None });
        (state, hash.expect("nothing is in its way"))
    })
}

impl Runner {
    fn arming(answers: bool) -> Self {
        let job = Job { config: config(), ..job::job(Goal::Deploy) };
        Self { job, state: plan().0.clone(), now_ms: 0, has_asked: false, has_word: false, answers }
    }

    fn has_ended(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn smoked(&mut self, passed: bool) {
        let check =
            Checked { check: "/".to_owned(), passed, required: true, note: "seen\u{7}".to_owned(), duration_ms: 1 };
        self.told(Input::Smoked(vec![check]));
    }

    fn wait(&mut self, seconds: i64) {
        for _ in 0..seconds {
            if self.has_ended() {
                return;
            }
            self.now_ms += 1_000;
            self.told(Input::Tick);
        }
    }

    fn told(&mut self, input: Input) {
        if self.has_ended() {
            return;
        }
        self.has_word |= matches!(&input, Input::Line(LinkLine::Entry(Entry { fact: Fact::Accept { .. }, .. })));
        let (state, effects) = step(std::mem::replace(&mut self.state, State::Done), &self.job, self.now_ms, input);
        self.state = state;
        assert!(effects.len() < 200, "{} effects of one input", effects.len());
        if let State::Following(follow) | State::Rejoining { follow, .. } = &self.state {
            is_sound(&follow.journal);
        }
        for effect in effects {
            match effect {
                Effect::Send(text) => {
                    assert!(!text.contains(|c: char| c.is_control()), "one line: {text:?}");
                    self.has_asked |= text == "commit";
                }
                Effect::Connect if self.answers => {
                    self.told(Input::Connected);
                    self.told(Input::LinkClosed(None));
                }
                Effect::Connect => self.told(Input::ConnectFailed { refusal: Refusal::new("no route", "wait") }),
                Effect::Probe => {
                    let reply = Box::new(Reply::parse(b"complete\tyes\n"));
                    self.told(Input::Probed { reply, baseline: vec![] });
                }
                Effect::Finish(finish) => {
                    if let Finish::Outcome(report) = finish {
                        let is_good = report.outcome == Outcome::Committed;
                        let is_meant = self.has_word || report.committed && self.has_asked;
                        assert!(!is_good || is_meant, "nobody asked for it: {report:?}");
                    }
                }
                Effect::Arm(_) | Effect::Open(_) | Effect::Upload(_) | Effect::Smoke(_) | Effect::Emit(_) => {}
            }
        }
    }
}
