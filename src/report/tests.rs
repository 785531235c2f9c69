//! Every line that a user can see, in one place.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use super::{Mode, Options, Reporter};
use crate::model::{Data, Event, EventKind, Fence, Outcome, OutcomeReport, Phase, Proof, RunId, StepResult};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic while held").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// stdout and stderr of a command that has these events, one every 400 ms.
fn seen(mode: Mode, json: bool, kinds: Vec<EventKind>) -> String {
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let options = Options { mode, json, color: false, environment: "staging".to_owned() };
    let mut reporter = Reporter::to(options, Box::new(stdout.clone()), Box::new(stderr.clone()));
    let run = RunId::new("20261123T101500Z", "3f2a1c9").expect("it is one");
    for (n, kind) in (0..).zip(kinds) {
        reporter.event(&Event { at_ms: 1_795_428_900_000 + n * 400, run: Some(run.clone()), kind });
    }
    let text = |sink: &Sink| String::from_utf8_lossy(&sink.0.lock().expect("no panic while held")).into_owned();
    text(&stdout) + &text(&stderr)
}

fn ended(step: &str, phase: Phase, undo: bool, result: StepResult, note: &str) -> EventKind {
    EventKind::StepEnded { step: step.into(), phase, undo, result, note: note.into(), duration_ms: 812 }
}

fn report(outcome: Outcome, data: Data) -> OutcomeReport {
    OutcomeReport {
        outcome,
        reason: "exit 1: SQLSTATE[42S21]: Column already exists".into(),
        failed_step: Some("migrate".into()),
        committed: false,
        maintenance: outcome == Outcome::Stuck,
        data,
        proof: Proof::Exact,
        fence: Fence::Cooperative,
        downtime_ms: Some(4_312),
        rollback_ms: Some(640),
        release: Some("releases/20261122T090000Z-aaaaaaa".into()),
        previous_release: Some("releases/20261122T090000Z-aaaaaaa".into()),
        run: RunId::new("20261123T101500Z", "3f2a1c9").ok(),
    }
}

fn opened() -> EventKind {
    EventKind::Opened {
        command: "deploy".into(),
        app: "shop-api".into(),
        environment: "staging".into(),
        revision: Some("3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d".into()),
    }
}

fn rolled_back() -> Vec<EventKind> {
    vec![
        opened(),
        EventKind::PhaseBegun { phase: Phase::Probe },
        EventKind::PhaseEnded { phase: Phase::Probe, note: "laravel 8.83 · mysql".into(), duration_ms: 900 },
        EventKind::Warning { text: "maintenance leaves these routes open ($except): webhook".into() },
        EventKind::StepBegun { step: "maintenance-on".into(), phase: Phase::Down, undo: false },
        EventKind::MaintenanceOn,
        ended("maintenance-on", Phase::Down, false, StepResult::Done, "on, 503 proven"),
        EventKind::StepBegun { step: "migrate".into(), phase: Phase::Migrate, undo: false },
        EventKind::StepOutput { step: "migrate".into(), line: "Migrating: add_phone".into() },
        ended("migrate", Phase::Migrate, false, StepResult::Failed { code: 1 }, "SQLSTATE[42S21] \u{1b}[31m::error::x"),
        EventKind::FailureOutput {
            step: "migrate".into(),
            lines: vec!["Migrating: add_phone".into(), "  ##[error]boom".into()],
        },
        EventKind::Undoing { reason: "exit 1".into() },
        ended("protect", Phase::Protect, true, StepResult::Done, "42 tables as before, compared"),
        EventKind::Restored,
        EventKind::MaintenanceOff { downtime_ms: 4_312, seen: true },
        EventKind::Outcome(report(Outcome::RolledBack, Data::Restored)),
    ]
}

#[test]
fn a_rolled_back_deploy_in_plain_lines() {
    insta::assert_snapshot!(seen(Mode::Plain, false, rolled_back()));
}

#[test]
fn a_rolled_back_deploy_as_json_has_nothing_else_on_stdout() {
    insta::assert_snapshot!(seen(Mode::None, true, rolled_back()));
}

#[test]
fn every_other_end_says_the_state_and_the_next_command() {
    let mut all = String::new();
    for outcome in [Outcome::Committed, Outcome::Cancelled, Outcome::Stuck, Outcome::Locked, Outcome::InDoubt] {
        let data = if outcome == Outcome::Committed { Data::Migrated } else { Data::Untouched };
        all += &seen(Mode::None, false, vec![EventKind::Outcome(report(outcome, data))]);
    }
    let refusal = |n: u8| EventKind::Refusal { reason: format!("reason {n}"), remedy: "GRANT ALL\nON *.*".into() };
    let refused = EventKind::Outcome(report(Outcome::Refused, Data::Untouched));
    all += &seen(Mode::None, false, vec![refusal(1), refusal(2), refused]);
    insta::assert_snapshot!(all);
}

#[test]
fn a_long_step_gives_a_sign_of_life() {
    let stderr = Sink::default();
    let options = Options { mode: Mode::Plain, json: false, color: false, environment: "staging".to_owned() };
    let mut reporter = Reporter::to(options, Box::new(Sink::default()), Box::new(stderr.clone()));
    let begun = EventKind::StepBegun { step: "migrate".into(), phase: Phase::Migrate, undo: false };
    reporter.event(&Event { at_ms: 1_000, run: None, kind: begun });
    let output = EventKind::StepOutput { step: "migrate".into(), line: "row 5 of 9".into() };
    reporter.event(&Event { at_ms: 2_000, run: None, kind: output });
    for second in 2..40 {
        reporter.tick(second * 1_000);
    }
    insta::assert_snapshot!(String::from_utf8_lossy(&stderr.0.lock().expect("no panic while held")), @r"
    00:00:16   migrate          runs for 15.0 s: row 5 of 9
    00:00:31   migrate          runs for 30.0 s: row 5 of 9
    ");
}
