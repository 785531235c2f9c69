//! What the runner makes of what it is told, without a target.

use super::{Effect, Finish, Follow, Goal, Input, Job, LinkLine, Role, State, outcome, step};
use proptest::prelude::*;

use crate::{
    journal::{Direction, Entry, Fact, RunState, written},
    model::{Data, EventKind, Outcome},
    plan::{
        About, Plan, Refusal, Summary,
        tests::{config, request},
    },
    scripts::Reply,
};

const WORDS: [&str; 24] = [
    "start",
    "begin",
    "end",
    "skip",
    "await",
    "verdict",
    "commit",
    "abort",
    "undo",
    "undone",
    "undo-failed",
    "restored",
    "finish",
    "finished",
    "fact maintenance on",
    "fact maintenance off",
    "fact",
    "warning",
    "notified",
    "recover",
    "rebooted",
    "retry",
    "accept",
    "ended",
];

/// Number, time, fact, rest.
type Sent = (Option<u64>, i64, &'static str, String);

/// Lines that a server may send, whole by their checksum: any number, any time, any fact, any rest.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let seq = prop_oneof![8 => Just(None), 1 => any::<u64>().prop_map(Some)];
    let at_ms = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), any::<i64>()];
    let rest = prop_oneof![
        "(on|off|seen|committed|rolled-back|stuck)( .{0,20})?",
        ".{0,30}",
        "[0-9a-z-]{0,9} -?[0-9]{0,12}( .{0,9})?"
    ];
    let line = (seq, at_ms, prop::sample::select(WORDS.to_vec()), rest);
    let control = prop::sample::select(vec![
        "!dead",
        "!unwritten",
        "!plan {}",
        "!answer gone x",
        "!answer x",
        "~ \u{1b}[31m",
        "| x",
        ".",
    ]);
    let other = prop_oneof![control.prop_map(str::to_owned), ".{0,40}".prop_map(|text| text)];
    let numbered = |(number, line): (u64, Result<Sent, String>)| match line {
        Ok((seq, at_ms, word, rest)) => written(&format!("{} 1 {at_ms} {word} {rest}", seq.unwrap_or(number))),
        Err(other) => other,
    };
    let all = prop::collection::vec(prop_oneof![9 => line.prop_map(Ok), 1 => other.prop_map(Err)], 0..24);
    all.prop_map(move |lines| (1..).zip(lines).map(numbered).collect())
}

proptest! {
    #[test]
    fn no_journal_makes_the_machine_panic_or_say_committed_without_its_end(lines in lines(), now_ms in 0..1_i64 << 50) {
        let job = job(Goal::Deploy);
        let mut state = State::Connecting;
        for input in [Input::Connected, nothing_found()] {
            (state, _) = step(state, &job, now_ms, input);
        }
        let is_end = |line: &String| matches!(Entry::parse(line), Ok(Entry { fact: Fact::Ended { direction: Direction::Committed }, .. }));
        let has_end = lines.iter().any(is_end);
        let over = [Input::Line(LinkLine::End), Input::Interrupted, Input::Interrupted, Input::Tick, Input::LinkClosed(None)];
        let told = lines.iter().map(|line| Input::Line(LinkLine::parse(line)));
        for input in told.chain(over) {
            let effects;
            (state, effects) = step(state, &job, now_ms, input);
            for effect in effects {
                if let Effect::Finish(Finish::Outcome(report)) = effect {
                    prop_assert!(report.outcome != Outcome::Committed || has_end, "{:?}", report);
                }
            }
        }
    }

    #[test]
    fn no_reply_of_a_target_makes_a_command_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        names in prop::collection::vec(("[a-z.-]{1,20}|current|version|down|free|run|run-journal|last|same-key|unfinished|size|backup|complete|tool", ".{0,40}"), 0..20),
    ) {
        let lines: String = names.iter().map(|(name, value)| format!("{name}\t{value}\n")).collect();
        for bytes in [bytes, lines.clone().into_bytes(), [lines.as_bytes(), b"complete\tyes\n"].concat()] {
            for goal in [Goal::Deploy, Goal::Plan, Goal::Abort, Goal::Settle { retry: false, accept: None }] {
                let probed = Input::Probed { reply: Box::new(Reply::parse(&bytes)), baseline: vec![] };
                let (state, _) = step(State::Connecting, &job(goal.clone()), 0, Input::Connected);
                let _ = step(state, &job(goal), 0, probed);
            }
        }
    }
}

const RUN: &str = "20261123T101500Z-3f2a1c9";

fn reported(name: &str, value: &str) -> Fact {
    Fact::Reported { name: name.to_owned(), value: value.to_owned() }
}

fn job(goal: Goal) -> Job {
    Job { config: config(""), request: request(), goal }
}

/// The look at a target where nothing is in the way.
fn nothing_found() -> Input {
    Input::Probed { reply: Box::new(Reply::parse(b"complete\tyes\n")), baseline: vec![] }
}

fn answer(word: &str, rest: &str) -> Input {
    Input::Line(LinkLine::Answer(word.to_owned(), rest.to_owned()))
}

/// How a command ends that is told this.
#[track_caller]
fn end(job: &Job, inputs: Vec<Input>) -> Finish {
    let mut state = State::Connecting;
    for input in inputs {
        let (next, effects) = step(state, job, 0, input);
        if let Some(Effect::Finish(finish)) = effects.into_iter().last() {
            return finish;
        }
        state = next;
    }
    panic!("it goes on: {state:?}")
}

fn journal(facts: Vec<Fact>) -> RunState {
    let mut state = RunState::default();
    for (seq, fact) in (1..).zip(facts) {
        state.apply(&Entry { seq, at_ms: 0, fact });
    }
    state
}

#[test]
fn what_became_of_the_data_is_what_the_scripts_reported() {
    let ended = |direction| Fact::Ended { direction };
    let committed = |facts: Vec<Fact>| [facts, vec![Fact::Commit, ended(Direction::Committed)]].concat();
    let back = |facts: Vec<Fact>| [facts, vec![Fact::Restored, ended(Direction::RolledBack)]].concat();
    let begin = |step: &str| Fact::Begin(step.to_owned());
    for (facts, data) in [
        (committed(vec![]), Data::Untouched),
        (committed(vec![begin("08-migrate"), reported("data", "migrated")]), Data::Migrated),
        // a rollback after the commit: of the data, of the code alone
        (
            committed(vec![begin("07-restore"), reported("data", "migrated"), reported("data", "restored")]),
            Data::Restored,
        ),
        (committed(vec![begin("00-switch"), reported("data", "kept-migrated")]), Data::KeptMigrated),
        (back(vec![begin("00-switch"), reported("data", "kept-migrated")]), Data::Untouched),
        (back(vec![begin("08-migrate"), reported("data", "migrated"), reported("data", "restored")]), Data::Restored),
        (back(vec![begin("08-migrate"), reported("data", "migrated")]), Data::KeptMigrated),
    ] {
        assert_eq!(outcome(&journal(facts.clone()), &About::default(), RUN).data, data, "{facts:?}");
    }
}

#[test]
fn a_target_that_turns_a_run_away_twice_is_not_asked_for_ever() {
    let twice = |word: &str| {
        let again = || [nothing_found(), answer(word, RUN)];
        let inputs = [Input::Connected].into_iter().chain(again()).chain(again()).collect();
        let Finish::Outcome(report) = end(&job(Goal::Deploy), inputs) else { panic!("no outcome") };
        report
    };
    let report = twice("locked");
    assert_eq!(report.outcome, Outcome::Locked);
    assert!(report.reason.contains("/srv/shop/.backstay/lock"), "{}", report.reason);
    for word in ["unsettled", "stuck", "key"] {
        let report = twice(word);
        assert_eq!(report.outcome, Outcome::Refused);
        assert!(report.reason.contains(RUN), "{}", report.reason);
    }
}

#[test]
fn maintenance_is_not_said_to_be_seen_off_where_it_was_not() {
    let off = |facts: Vec<Fact>| {
        let mut follow = Follow::new(RUN, Role::Owner, Summary::default(), 0);
        let facts = [vec![reported("maintenance", "on"), reported("maintenance", "off")], facts].concat();
        let entries = (1..).zip(facts).map(|(seq, fact)| Entry { seq, at_ms: if seq == 1 { 0 } else { 100 }, fact });
        let effects: Vec<Effect> = entries.flat_map(|entry| follow.entry(&entry)).collect();
        let mut offs = Vec::new();
        for effect in &effects {
            if let Effect::Emit(EventKind::MaintenanceOff { downtime_ms, seen }) = effect {
                offs.push((*downtime_ms, *seen));
            }
        }
        assert_eq!(offs.len(), 1, "{effects:?}");
        offs[0]
    };
    let finished = Fact::Finished { step: "01-maintenance-off".to_owned(), code: 0, note: String::new() };
    assert_eq!(off(vec![reported("lifted", "seen"), finished.clone()]), (100, true));
    assert_eq!(off(vec![reported("lifted", "not-seen"), finished.clone()]), (100, false));
    assert_eq!(off(vec![finished]), (100, false));
}

#[test]
fn every_end_says_where_the_site_was_not_seen_open() {
    let abort = Fact::Abort { kind: "step".to_owned(), step: "08-migrate".to_owned(), text: "exit 1".to_owned() };
    let reason = |facts: Vec<Fact>| outcome(&journal(facts), &About::default(), RUN).reason;
    let not_seen = "; maintenance is lifted, but the site was not seen open";
    let ended = |direction| Fact::Ended { direction };
    let back = vec![abort, Fact::Restored, reported("lifted", "not-seen"), ended(Direction::RolledBack)];
    assert_eq!(reason(back), format!("exit 1{not_seen}"));
    let committed = vec![Fact::Commit, reported("lifted", "not-seen"), ended(Direction::Committed)];
    assert!(reason(committed).ends_with(not_seen));
}

#[test]
fn with_nothing_to_do_there_is_an_outcome_too() {
    for goal in [Goal::Settle { retry: false, accept: None }, Goal::Abort] {
        let found = Reply::parse(b"current\treleases/one\nversion\t8\ndown\tyes\ncomplete\tyes\n");
        let probed = Input::Probed { reply: Box::new(found), baseline: vec![] };
        let Finish::Nothing(report) = end(&job(goal), vec![Input::Connected, probed]) else { panic!("nothing") };
        assert_eq!((report.outcome.exit_code(), report.committed, report.data), (0, false, Data::Untouched));
        assert_eq!((report.release.as_deref(), report.maintenance), (Some("releases/one"), true));
    }
}

/// A runner whose plan is on its way.
fn arming(job: &Job) -> (State, Plan) {
    let (state, _) = step(State::Connecting, job, 0, Input::Connected);
    let (state, effects) = step(state, job, 0, nothing_found());
    let Some(Effect::Arm(plan)) = effects.into_iter().last() else { panic!("something is in its way") };
    (state, *plan)
}

fn entry(seq: u64, fact: Fact) -> Input {
    Input::Line(LinkLine::Entry(Entry { seq, at_ms: 0, fact }))
}

fn start(plan: &Plan) -> Fact {
    Fact::Start { boot: "boot".to_owned(), plan_hash: plan.hash() }
}

/// Lets time pass, a second at a time, until the command ends; every try to reach the target goes as `connects` says.
#[track_caller]
fn end_in_time(job: &Job, mut state: State, connects: bool) -> (i64, Finish) {
    for second in 1..10_000 {
        let mut inputs = vec![Input::Tick];
        while let Some(input) = inputs.pop() {
            let (next, effects) = step(state, job, second * 1_000, input);
            state = next;
            for effect in effects {
                match effect {
                    Effect::Finish(finish) => return (second, finish),
                    Effect::Connect if connects => inputs = vec![Input::LinkClosed(None), Input::Connected],
                    Effect::Connect => inputs.push(Input::ConnectFailed { refusal: Refusal::new("no route", "wait") }),
                    _ => {}
                }
            }
        }
    }
    panic!("it waits for ever: {state:?}")
}

fn is_in_doubt(finish: &Finish, reason: &str) -> bool {
    matches!(finish, Finish::Outcome(report) if report.outcome == Outcome::InDoubt && report.outcome.exit_code() == 30 && report.reason.contains(reason))
}

#[test]
fn a_target_that_falls_silent_is_not_waited_for() {
    let job = job(Goal::Deploy);
    let (probing, _) = step(State::Connecting, &job, 0, Input::Connected);
    let (seconds, finish) = end_in_time(&job, probing, false);
    let Finish::Outcome(report) = finish else { panic!("no outcome") };
    assert_eq!((report.outcome, seconds), (Outcome::Refused, 1_801));

    let (state, plan) = arming(&job);
    let (seconds, finish) = end_in_time(&job, state.clone(), false);
    assert!(is_in_doubt(&finish, "does not say whether the run began") && seconds == 301, "{finish:?} {seconds}");

    // a run that began, on a link that stands and says nothing, or nothing that means anything
    let (following, _) = step(state, &job, 0, entry(1, start(&plan)));
    let (nonsense, _) = step(following.clone(), &job, 80_000, Input::Line(LinkLine::Noise));
    for state in [following, nonsense] {
        let (seconds, finish) = end_in_time(&job, state, false);
        // the lease is two minutes
        assert!(is_in_doubt(&finish, "was not seen") && (500..520).contains(&seconds), "{finish:?} {seconds}");
    }
}

#[test]
fn a_link_that_comes_back_only_to_go_again_is_given_up() {
    let job = job(Goal::Deploy);
    let (state, plan) = arming(&job);
    let (state, _) = step(state, &job, 0, entry(1, start(&plan)));
    let (state, _) = step(state, &job, 0, Input::LinkClosed(None));
    let (seconds, finish) = end_in_time(&job, state.clone(), true);
    assert!(is_in_doubt(&finish, "was not seen") && (415..430).contains(&seconds), "{finish:?} {seconds}");

    // one that has stood for a while in between is a new one
    let (state, _) = step(state, &job, 400_000, Input::Tick);
    let (state, _) = step(state, &job, 400_000, Input::Connected);
    let (state, _) = step(state, &job, 411_000, Input::Line(LinkLine::Alive));
    let (state, _) = step(state, &job, 411_000, Input::Tick);
    let (state, _) = step(state, &job, 411_000, Input::LinkClosed(None));
    assert!(matches!(state, State::Rejoining { since_ms: 411_000, tries: 0, .. }), "{state:?}");
}

#[test]
fn what_cannot_be_of_this_run_is_in_doubt() {
    let job = job(Goal::Deploy);
    let ended = || Fact::Ended { direction: Direction::Committed };
    let end = |facts: Vec<Fact>| {
        let (mut state, _) = arming(&job);
        let lines = (1..).zip(facts).map(|(seq, fact)| entry(seq, fact));
        for input in lines.chain([Input::Line(LinkLine::End)]) {
            let (next, effects) = step(state, &job, 0, input);
            if let Some(Effect::Finish(finish)) = effects.into_iter().last() {
                return finish;
            }
            state = next;
        }
        panic!("it goes on: {state:?}")
    };
    let ours = || start(&arming(&job).1);
    let other = Fact::Start { boot: "boot".to_owned(), plan_hash: "0".repeat(64) };
    for (facts, reason) in [
        (vec![other, Fact::Commit, ended()], "of another plan"),
        (vec![Fact::Commit, ended()], "without a beginning"),
        (vec![ours(), Fact::Commit, ended()], "was not asked to"),
        (vec![ours(), ended()], "without the record"),
        (vec![ours(), Fact::Ended { direction: Direction::RolledBack }], "without the record"),
        (vec![ours()], "was not seen"),
    ] {
        let finish = end(facts.clone());
        assert!(is_in_doubt(&finish, reason), "{facts:?}: {finish:?}");
    }
}

#[test]
fn a_run_whose_end_was_not_seen_is_not_taken_for_settled() {
    let found = format!("unfinished\t{RUN} unsettled\nunfinished-plan\t{{}}\nunfinished-journal\t~\ncomplete\tyes\n");
    let probed = Input::Probed { reply: Box::new(Reply::parse(found.as_bytes())), baseline: vec![] };
    let finish = end(&job(Goal::Deploy), vec![Input::Connected, probed, Input::Line(LinkLine::End)]);
    assert!(is_in_doubt(&finish, "was not seen"), "{finish:?}");
}

#[test]
fn numbers_that_no_machine_has_are_taken() {
    let found = "disk-free-kb\t18446744073709551615\nsize\ta 18446744073709551615 18446744073709551615\nsize\tb 1 1\ncomplete\tyes\n";
    let probed = Input::Probed { reply: Box::new(Reply::parse(found.as_bytes())), baseline: vec![] };
    let (state, _) = step(State::Connecting, &job(Goal::Deploy), 0, Input::Connected);
    assert!(matches!(step(state, &job(Goal::Deploy), 0, probed).0, State::Arming { .. } | State::Done));
}
