//! What a job's runner says in variables, events that become a story, the story as the next step finds it, and what a reviewer sees
//! of it: in the summary no foreign text is markup.

use backstay::{
    github::{Context, Ending, Status, in_a_sentence, markdown, outcome_word, outputs},
    machine::about_run,
    model::{Event, EventKind, Outcome, Phase, StepResult},
    report::{End, Story},
};

use super::text::is_harmless;

/// Over 1 MiB the runner drops a summary.
const SUMMARY_MAX_BYTES: usize = 1024 * 1024;
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

pub fn take(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    variables(&text);
    values(&text);
    let mut story = Story::default();
    for line in text.lines() {
        if let Some(kind) = event(line) {
            let event = Event { at_ms: 1_800_000_000_000, run: None, kind };
            if Story::takes(&event) {
                story.event(&event);
            }
            let _ = Status::of(&event.kind);
        }
        if let Ok(kept) = serde_json::from_str::<Story>(line) {
            told(&kept);
        }
    }
    told(&story);
    let kept = serde_json::to_vec(&story).expect("it is written");
    assert_eq!(serde_json::from_slice::<Story>(&kept).ok().as_ref(), Some(&story));
}

fn told(story: &Story) {
    is_harmless(&in_a_sentence(story));
    assert!(outcome_word(story).bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    if let Some(ending) = &story.ending {
        let _ = Ending::of(&End::report(ending));
    }
    let shown = markdown(story, "https://github.example/log");
    assert!(shown.len() < SUMMARY_MAX_BYTES, "{}", shown.len());
    for line in shown.lines() {
        assert!(!line.chars().any(char::is_control) && !line.contains("##["), "{line:?}");
        // the two elements that are ours
        assert!(!line.replace("<pre>", "").replace("</pre>", "").contains('<'), "{line:?}");
    }
    assert_eq!(shown.matches("<pre>").count(), shown.matches("</pre>").count());
}

/// `NAME=value` lines as the environment.
fn variables(text: &str) {
    let all: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let variable = |name: &str| all.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    match Context::read(variable) {
        Ok(context) => {
            assert!(context.log_url().contains(&context.run_id) && context.key().ends_with(&context.sha));
        }
        Err(error) => assert!(error.to_string().contains(" is not set")),
    }
}

/// The file of outputs, read as the runner does it: no value is taken for the end of another, and none makes one more.
fn values(text: &str) {
    let values: Vec<(&str, String)> = text
        .split("\n--\n")
        .map(|value| ("name", value.to_owned()))
        .filter(|(_, value)| !value.contains(TOKEN))
        .collect();
    let file = outputs(&values, TOKEN);
    let mut rest = file.as_str();
    for (_, value) in &values {
        let (head, body) = rest.split_once('\n').expect("a head");
        assert_eq!(head, format!("name<<{TOKEN}"));
        let (read, more) = body.split_once(&format!("\n{TOKEN}\n")).expect("an end");
        assert_eq!(read, value);
        rest = more;
    }
    assert_eq!(rest, "");
}

/// A line as what happened: the word, then texts between bars.
fn event(line: &str) -> Option<EventKind> {
    let mut parts = line.split('|').map(str::to_owned);
    let word = parts.next()?;
    let mut text = || parts.next().unwrap_or_default();
    let number = |text: String| text.parse().unwrap_or(u64::MAX);
    Some(match word.as_str() {
        "opened" => EventKind::Opened { command: text(), app: text(), environment: text(), revision: Some(text()) },
        "begun" => EventKind::StepBegun { step: text(), phase: Phase::Migrate, undo: false },
        "ended" => {
            let (step, note, duration_ms) = (text(), text(), number(text()));
            EventKind::StepEnded {
                step,
                phase: Phase::Switch,
                undo: false,
                result: StepResult::Done,
                note,
                duration_ms,
            }
        }
        "failed" => {
            let (step, note, duration_ms) = (text(), text(), number(text()));
            let result = StepResult::Failed { code: 1 };
            EventKind::StepEnded { step, phase: Phase::Undo, undo: true, result, note, duration_ms }
        }
        "phase" => EventKind::PhaseEnded { phase: Phase::Probe, note: text(), duration_ms: number(text()) },
        "undoing" => EventKind::Undoing { reason: text() },
        "checked" => {
            let (check, note, duration_ms) = (text(), text(), number(text()));
            EventKind::Checked { check, passed: false, required: true, note, duration_ms }
        }
        "warning" => EventKind::Warning { text: text() },
        "refusal" => EventKind::Refusal { reason: text(), remedy: text() },
        "output" => EventKind::FailureOutput { step: text(), lines: parts.collect() },
        "outcome" => {
            let outcome = match text().len() % 3 {
                0 => Outcome::RolledBack,
                1 => Outcome::Stuck,
                _ => Outcome::Committed,
            };
            EventKind::Outcome(about_run(outcome, text(), Some(text()), Some(text())))
        }
        _ => return None,
    })
}
