//! Lines of a journal: one that is read is written again as it was, and whatever there is folds into one state, never into both
//! decisions.

use backstay::{
    journal::{Direction, End, Entry, Fact, InvalidEntry, RunState, written},
    machine::outcome,
    model::Outcome,
    plan::{About, fold},
};

use super::job::RUN;

pub fn take(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut state = RunState::default();
    let mut entries = Vec::new();
    let mut whole = String::new();
    for line in text.lines() {
        // as it came, and what it would be with its checksum
        for line in [line.to_owned(), written(line)] {
            if let Ok(entry) = Entry::parse(&line) {
                assert_eq!(Entry::parse(&again(&entry)).as_ref(), Ok(&entry), "{line:?}");
                assert_eq!(Entry::parse(&line[..line.len() - 1]), Err(InvalidEntry::Checksum), "torn: {line:?}");
                state.apply(&entry);
                is_sound(&state);
                entries.push(entry);
                whole.push_str(&line);
                whole.push('\n');
            }
        }
    }
    let before = state.clone();
    entries.iter().for_each(|entry| state.apply(entry));
    assert_eq!(state, before, "a line that was seen before changes nothing");
    // what lies between whole lines is passed over
    assert_eq!(fold(&whole), before);
}

/// What holds of a state, whatever it was folded from.
pub fn is_sound(state: &RunState) {
    assert!(!(state.committed && state.restored), "both decisions: {state:?}");
    let report = outcome(state, &About::default(), RUN);
    let has_word = state.accepted_by.is_some();
    match report.outcome {
        Outcome::Committed => assert!(state.committed || has_word, "committed without the record: {state:?}"),
        Outcome::RolledBack | Outcome::Cancelled => {
            assert!(state.restored || has_word, "rolled back without the record: {state:?}");
            assert!(!report.committed, "{state:?}");
        }
        Outcome::Stuck => assert!(matches!(state.end, Some(End::Stuck { .. }))),
        Outcome::InDoubt => {}
        Outcome::Refused | Outcome::Locked => panic!("a run that began was not refused: {state:?}"),
    }
    assert_eq!(report.outcome.exit_code() == 0, report.outcome == Outcome::Committed);
}

/// The line of an entry, by the language at the head of `src/journal/entry.rs`.
fn again(entry: &Entry) -> String {
    let fact = match &entry.fact {
        Fact::Start { boot, plan_hash } => format!("start {boot} {plan_hash}"),
        Fact::Begin(step) => format!("begin {step}"),
        Fact::End { step, code, note } => format!("end {step} {code} {note}"),
        Fact::Skip(step) => format!("skip {step}"),
        Fact::Await => "await".to_owned(),
        Fact::Verdict(text) => format!("verdict {text}"),
        Fact::Commit => "commit".to_owned(),
        Fact::Abort { kind, step, text } => format!("abort {kind} {step} {text}"),
        Fact::Undo(step) => format!("undo {step}"),
        Fact::Undone { step, note } => format!("undone {step} 0 {note}"),
        Fact::UndoFailed { step, code, note } => format!("undo-failed {step} {code} {note}"),
        Fact::Restored => "restored".to_owned(),
        Fact::Finish(step) => format!("finish {step}"),
        Fact::Finished { step, code, note } => format!("finished {step} {code} {note}"),
        Fact::Reported { name, value } => format!("fact {name} {value}"),
        Fact::Warning(text) => format!("warning {text}"),
        Fact::Notified { end, code } => format!("notified {end} {code}"),
        Fact::Recover => "recover".to_owned(),
        Fact::Rebooted => "rebooted".to_owned(),
        Fact::Retry(who) => format!("retry {who}"),
        Fact::Accept { state, who } => format!("accept {state} {who}"),
        Fact::Ended { direction: Direction::Committed } => "ended committed".to_owned(),
        Fact::Ended { direction: Direction::RolledBack } => "ended rolled-back".to_owned(),
        Fact::Stuck { at, text } => format!("ended stuck {at} {text}"),
    };
    written(&format!("{} 0 {} {fact}", entry.seq, entry.at_ms))
}
