//! Every line that a user can see, in one place.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use super::{
    Mode, Options, Reporter, bar, layout::Layout, paint::Paint, running::Running, summary::Summary, words::Speaker,
};
use crate::model::{
    Cause, Data, Event, EventKind, Fence, Outcome, OutcomeReport, Phase, Proof, RunId, RunKind, StepResult,
};

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

/// stdout and stderr of a command that has these events.
fn seen(mode: Mode, json: bool, kinds: Vec<EventKind>) -> String {
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let options = Options { mode, json, color: false, environment: "staging".to_owned() };
    let mut reporter = Reporter::to(options, Box::new(stdout.clone()), Box::new(stderr.clone()));
    for event in events(kinds) {
        reporter.event(&event);
    }
    let text = |sink: &Sink| String::from_utf8_lossy(&sink.0.lock().expect("no panic while held")).into_owned();
    text(&stdout) + &text(&stderr)
}

/// What a terminal of that width shows of them in the end.
fn on_screen(width: usize, kinds: Vec<EventKind>) -> String {
    let options = Options { mode: Mode::Bar, json: false, color: false, environment: "staging".to_owned() };
    let (mut speaker, mut summary, layout) = (Speaker::default(), Summary::new(&options), Layout::new(width));
    let mut lines = Vec::new();
    for event in events(kinds) {
        summary.event(&event);
        lines.extend(speaker.words(&event).iter().flat_map(|words| bar::lines(words, layout, Paint(false))));
        if let EventKind::Outcome(report) = &event.kind {
            lines.extend(summary.text(report, Some(layout), Paint(false)).lines().map(str::to_owned));
        }
    }
    lines.join("\n")
}

/// One every 400 ms.
fn events(kinds: Vec<EventKind>) -> impl Iterator<Item = Event> {
    let run = RunId::new("20261123T101500Z", "3f2a1c9").expect("it is one");
    (0..).zip(kinds).map(move |(n, kind)| Event { at_ms: 1_795_428_900_000 + n * 400, run: Some(run.clone()), kind })
}

fn ended(step: &str, phase: Phase, undo: bool, result: StepResult, note: &str) -> EventKind {
    EventKind::StepEnded { step: step.into(), phase, undo, result, note: note.into(), duration_ms: 812 }
}

fn report(outcome: Outcome, data: Data, reason: &str, failed_step: Option<&str>) -> OutcomeReport {
    OutcomeReport {
        outcome,
        reason: reason.into(),
        failed_step: failed_step.map(Into::into),
        cause: Cause::Failure,
        committed: outcome == Outcome::Committed,
        maintenance: outcome == Outcome::Stuck,
        data,
        proof: Proof::Exact,
        fence: Fence::Cooperative,
        downtime_ms: (!matches!(outcome, Outcome::Stuck | Outcome::InDoubt)).then_some(4_312),
        rollback_ms: (outcome != Outcome::Committed).then_some(640),
        release: Some("releases/20261122T090000Z-aaaaaaa".into()),
        previous_release: Some("releases/20261122T090000Z-aaaaaaa".into()),
        kind: RunKind::Deploy,
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

fn begun(step: &str, phase: Phase, undo: bool) -> EventKind {
    EventKind::StepBegun { step: step.into(), phase, undo }
}

/// Up to where users see maintenance.
fn beginning() -> Vec<EventKind> {
    let note = "laravel 8.83.27 · mysql · 42 tables, 214 MB: copied beside the live ones and swapped back by one rename (shadow), exact, exclusive · guard: cron";
    vec![
        opened(),
        EventKind::PhaseBegun { phase: Phase::Probe },
        EventKind::PhaseEnded { phase: Phase::Probe, note: note.into(), duration_ms: 900 },
        EventKind::Warning {
            text: "maintenance leaves these routes open ($except), and they may write: webhook".into(),
        },
        EventKind::PhaseBegun { phase: Phase::Arm },
        EventKind::PhaseEnded {
            phase: Phase::Arm,
            note: "from here the target finishes or undoes this run alone".into(),
            duration_ms: 84,
        },
        begun("release", Phase::Prepare, false),
        ended("release", Phase::Prepare, false, StepResult::Done, "48.0 MB in releases/20261123T101500Z-3f2a1c9"),
        ended("copy", Phase::Prepare, false, StepResult::Skipped, ""),
        begun("maintenance-on", Phase::Down, false),
        EventKind::MaintenanceOn,
        ended("maintenance-on", Phase::Down, false, StepResult::Done, "on, 503 proven"),
    ]
}

fn committed() -> Vec<EventKind> {
    let mut all = beginning();
    let check = |check: &str, passed, note: &str| EventKind::Checked {
        check: check.into(),
        passed,
        required: passed,
        note: note.into(),
        duration_ms: 84,
    };
    all.extend([
        begun("migrate", Phase::Migrate, false),
        ended("migrate", Phase::Migrate, false, StepResult::Done, "2026_01_01_000000_add_phone"),
        check("GET /api/v1/health", true, "200 in 84 ms"),
        check("GET /über/漢字", false, "status 404, not 200"),
        EventKind::Commit,
        begun("maintenance-off", Phase::Up, false),
        EventKind::MaintenanceOff { downtime_ms: 4_312, seen: true },
        ended("maintenance-off", Phase::Up, false, StepResult::Done, "off, 200 seen"),
        ended("after-commit", Phase::Tidy, false, StepResult::Failed { code: 1 }, "./purge-cdn: not found"),
        EventKind::Outcome(report(
            Outcome::Committed,
            Data::Migrated,
            "every step and every required check passed",
            None,
        )),
    ]);
    all
}

const CAUSE: &str = "  SQLSTATE[42S21]: Column already exists: 1060 Duplicate column name 'phone'  ";

fn rolled_back() -> Vec<EventKind> {
    let mut all = beginning();
    all.extend([
        begun("migrate", Phase::Migrate, false),
        EventKind::StepOutput { step: "migrate".into(), line: "Migrating: add_phone".into() },
        ended("migrate", Phase::Migrate, false, StepResult::Failed { code: 1 }, CAUSE),
        EventKind::FailureOutput {
            step: "migrate".into(),
            lines: vec![
                "Migrating: add_phone".into(),
                "\u{1b}[31m::error file=a.php,line=1::pass\u{200b}word \u{202e}evil".into(),
                "  ##[error]boom".into(),
                String::new(),
                "  ".into(),
            ],
        },
        EventKind::Undoing { reason: format!("exit 1: {CAUSE}") },
        begun("protect", Phase::Protect, true),
        ended("protect", Phase::Protect, true, StepResult::Done, "42 tables as before, compared"),
        EventKind::Restored,
        EventKind::Warning { text: "the old version answers otherwise than before the run: GET / 500".into() },
        EventKind::MaintenanceOff { downtime_ms: 4_312, seen: true },
        ended("maintenance-off", Phase::Up, false, StepResult::Done, "off, 200 seen"),
        EventKind::Outcome(report(Outcome::RolledBack, Data::Restored, &format!("exit 1: {CAUSE}"), Some("migrate"))),
    ]);
    all
}

fn cancelled() -> Vec<EventKind> {
    let mut all = beginning();
    let who = "tester@ci stopped the deploy";
    all.extend([
        EventKind::Warning {
            text: "asked to stop: the target rolls back; this command follows while there is time".into(),
        },
        ended("migrate", Phase::Migrate, false, StepResult::Failed { code: 143 }, "Migrating: add_phone"),
        EventKind::Undoing { reason: who.into() },
        ended("maintenance-on", Phase::Down, true, StepResult::Done, "nothing to take back"),
        EventKind::Restored,
        EventKind::Outcome(report(Outcome::Cancelled, Data::Untouched, who, None)),
    ]);
    all
}

fn stuck() -> Vec<EventKind> {
    let why = "the copy of main is missing: /srv/shop/.backstay/copies/x is not there";
    vec![
        EventKind::Warning { text: "the executor had died; it was started again and goes on from its journal".into() },
        EventKind::Undoing { reason: "nobody gave the verdict within 2m".into() },
        ended("protect", Phase::Protect, true, StepResult::Failed { code: 1 }, why),
        EventKind::FailureOutput { step: "protect".into(), lines: vec![why.into()] },
        EventKind::Outcome(report(Outcome::Stuck, Data::KeptMigrated, why, Some("protect"))),
    ]
}

fn refused() -> Vec<EventKind> {
    let refusal = |reason: &str, remedy: &str| EventKind::Refusal { reason: reason.into(), remedy: remedy.into() };
    vec![
        opened(),
        refusal(
            "database main: the account shop@localhost may not create the schema for the copies",
            "GRANT ALL ON `shop\\_\\_%`.* TO 'shop'@'localhost';\nGRANT PROCESS ON *.* TO 'shop'@'localhost';",
        ),
        refusal("deploy may not write to /srv/shop/shared", "sudo chown deploy /srv/shop/shared"),
        EventKind::Outcome(report(Outcome::Refused, Data::Untouched, "two reasons", None)),
    ]
}

fn link_lost_and_back() -> Vec<EventKind> {
    let link = |up, note: &str| EventKind::Link { up, note: note.into() };
    vec![
        link(false, "the link to the target was lost; trying again. The target goes on"),
        link(true, "the link to the target is back"),
    ]
}

fn locked() -> EventKind {
    let why = "another run is in progress: bob (GitHub)'s deploy of revision 7777777, run 20261123T101400Z-7777777 since 2026-11-23T10:14:00Z";
    EventKind::Outcome(report(Outcome::Locked, Data::Untouched, why, None))
}

fn in_doubt() -> EventKind {
    let why = "the end was not seen from here; the target goes on alone, to one of the two states";
    EventKind::Outcome(report(Outcome::InDoubt, Data::Untouched, why, None))
}

/// Every line that a user can see.
fn scenes() -> Vec<(&'static str, Vec<EventKind>)> {
    let with = |mut all: Vec<EventKind>, last| {
        all.push(last);
        all
    };
    vec![
        ("committed", committed()),
        ("rolled back", rolled_back()),
        ("cancelled", cancelled()),
        ("stuck", stuck()),
        ("refused", refused()),
        ("locked", with(vec![opened()], locked())),
        ("link lost and back, then in doubt", with(link_lost_and_back(), in_doubt())),
    ]
}

fn all_scenes(show: impl Fn(Vec<EventKind>) -> String) -> String {
    scenes().into_iter().map(|(name, kinds)| format!("=== {name} ===\n{}\n", show(kinds).trim_end())).collect()
}

#[test]
fn every_line_in_plain_mode() {
    insta::assert_snapshot!(all_scenes(|kinds| seen(Mode::Plain, false, kinds)));
}

#[test]
fn every_line_on_a_screen_of_80_columns() {
    insta::assert_snapshot!(all_scenes(|kinds| on_screen(80, kinds)));
}

#[test]
fn every_line_on_a_screen_of_50_columns() {
    insta::assert_snapshot!(all_scenes(|kinds| on_screen(50, kinds)));
}

#[test]
fn no_line_is_obeyed_by_a_terminal_or_a_ci_runner() {
    for mode in [Mode::Plain, Mode::None] {
        let text = all_scenes(|kinds| seen(mode, false, kinds));
        for line in text.lines() {
            assert!(
                !line.trim_start().starts_with("::") && !line.contains("::error") && !line.contains("##["),
                "{line}"
            );
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{200b}' || c == '\u{202e}'), "{line:?}");
        }
    }
}

#[test]
fn what_runs_lives_in_one_line() {
    let mut running = None;
    let output = EventKind::StepOutput {
        step: "migrate".into(),
        line: "行 5 of 9, and this goes on for longer than there is room".into(),
    };
    for event in events(vec![begun("migrate", Phase::Migrate, true), output]) {
        Running::follow(&mut running, &event);
    }
    let running = running.expect("it runs");
    let line = |width| Layout::new(width).living(&running.name, running.elapsed_ms(1_795_428_975_000), &running.newest);
    insta::assert_snapshot!(format!("{}\n{}", line(80), line(50)), @r"
    undo migrate         1 min 15 s  行 5 of 9, and this goes on for longer …
    undo migrate    1 min 15 s  行 5 of 9, and…
    ");
}

#[test]
fn users_are_said_to_see_the_site_only_where_that_was_seen() {
    let line = |seen| self::seen(Mode::Plain, false, vec![EventKind::MaintenanceOff { downtime_ms: 4_312, seen }]);
    assert!(line(true).contains("users see the site again, after 4.3 s"), "{}", line(true));
    assert!(line(false).contains("maintenance is lifted, after 4.3 s"), "{}", line(false));
}

#[test]
fn going_back_after_the_commit_is_told_as_that() {
    let end = |outcome, data| {
        let report = OutcomeReport { kind: RunKind::Rollback, ..report(outcome, data, "why", None) };
        let text = seen(Mode::None, false, vec![EventKind::Outcome(report)]);
        text.lines().find(|line| line.contains("why")).expect("a sentence").to_owned()
    };
    insta::assert_snapshot!([
        end(Outcome::Committed, Data::Restored),
        end(Outcome::Committed, Data::KeptMigrated),
        end(Outcome::RolledBack, Data::Restored),
    ].join("\n"), @"
    committed: why. The earlier version is live with the data that it had. Users saw maintenance for 4.3 s.
    committed: why. The earlier version is live, the data stays migrated. Users saw maintenance for 4.3 s.
    rolled back: why. The version from before this rollback is live with its data, compared. Users saw maintenance for 4.3 s; going back took 0.6 s.
    ");
}

#[test]
fn what_has_to_do_with_archives_is_told_as_that() {
    let end = |kind, outcome, data| {
        let report = OutcomeReport { kind, downtime_ms: Some(0), ..report(outcome, data, "why", None) };
        let text = seen(Mode::None, false, vec![EventKind::Outcome(report)]);
        text.lines().find(|line| line.contains("why")).expect("a sentence").to_owned()
    };
    insta::assert_snapshot!([
        end(RunKind::Beside, Outcome::Committed, Data::Untouched),
        end(RunKind::Beside, Outcome::RolledBack, Data::Untouched),
        end(RunKind::Restore, Outcome::Committed, Data::Restored),
        end(RunKind::Restore, Outcome::RolledBack, Data::Restored),
        end(RunKind::Restore, Outcome::RolledBack, Data::Untouched),
    ].join("\n"), @"
    committed: why. The site and its data were not touched.
    rolled back: why. The site and its data were not touched, and nothing of the run is left.
    committed: why. The restored data is live. Users saw no maintenance.
    rolled back: why. The data from before is live again, compared. Users saw no maintenance.
    rolled back: why. The live data was not touched. Users saw no maintenance.
    ");
}

#[test]
fn without_progress_there_are_warnings_and_the_end() {
    insta::assert_snapshot!(seen(Mode::None, false, cancelled()));
}

#[test]
fn a_rolled_back_deploy_as_json_has_nothing_else_on_stdout() {
    insta::assert_snapshot!(seen(Mode::None, true, rolled_back()));
}

/// Plain lines when these begin at second 1 and nothing else happens for 40 s.
fn silence(kinds: Vec<EventKind>) -> String {
    let stderr = Sink::default();
    let options = Options { mode: Mode::Plain, json: false, color: false, environment: "staging".to_owned() };
    let mut reporter = Reporter::to(options, Box::new(Sink::default()), Box::new(stderr.clone()));
    for kind in kinds {
        reporter.event(&Event { at_ms: 1_000, run: None, kind });
    }
    for second in 2..40 {
        reporter.tick(second * 1_000);
    }
    let text = stderr.0.lock().expect("no panic while held");
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_long_step_gives_a_sign_of_life() {
    let output = EventKind::StepOutput { step: "migrate".into(), line: "row 5 of 9".into() };
    insta::assert_snapshot!(silence(vec![begun("migrate", Phase::Migrate, false), output]), @r"
    00:00:16 … migrate                   15.0 s  row 5 of 9
    00:00:31 … migrate                   30.0 s  row 5 of 9
    ");
}

#[test]
fn connecting_and_checking_give_signs_of_life_too() {
    insta::assert_snapshot!(silence(vec![opened()]), @r"
    00:00:01   backstay · deploy · shop-api → staging · revision 3f2a1c9
    00:00:16 … connect                   15.0 s  it runs
    00:00:31 … connect                   30.0 s  it runs
    ");
    let ended = ended("smoke", Phase::Smoke, false, StepResult::Done, "2 checks on the target");
    insta::assert_snapshot!(silence(vec![ended, EventKind::PhaseBegun { phase: Phase::Smoke }]), @r"
    00:00:01 ✓ smoke                      0.8 s  2 checks on the target
    00:00:16 … smoke                     15.0 s  it runs
    00:00:31 … smoke                     30.0 s  it runs
    ");
}
