//! A story → the job's summary, in GitHub's Markdown. Foreign text in it is shown as text: it makes no link, picture, table
//! or markup.

use std::fmt::Write;

use crate::{
    model::{Data, Fence, Outcome, OutcomeReport, Proof},
    report::{self, Failure, Row, Several, Story, escape, next, sentence, shortened, step_head, time},
};

/// Over 1 MiB the runner drops the whole file; other uses of the action in the same job have their own.
const SUMMARY_MAX_BYTES: usize = 900_000;
/// How many lines of a failing script's end are shown.
const TAIL_LINES: usize = 60;
/// How many checks that failed are shown; those that passed are counted.
const CHECKS: usize = 50;

/// The whole summary.
pub fn markdown(story: &Story, log_url: &str) -> String {
    let mut parts = vec![heading(story)];
    parts.extend(story.conclusion.as_ref().map(|conclusion| conclusion.markdown.clone()));
    parts.extend(story.ending.as_ref().map(|ending| facts(story, &ending.report())));
    parts.push(refusals(story));
    parts.push(failure(story));
    parts.push(checks(story));
    parts.push(steps(story));
    parts.push(story.shown.as_deref().map(preformatted).unwrap_or_default());
    parts.push(warnings(story));
    parts.push(what_next(story));
    parts.retain(|part| !part.is_empty());
    within(parts, log_url)
}

/// The end in one sentence, as the output `summary` and the annotation have it; foreign words in it are escaped.
pub fn in_a_sentence(story: &Story) -> String {
    let said = match (&story.conclusion, &story.ending, &story.error) {
        (Some(conclusion), ..) => conclusion.sentence.clone(),
        (None, Some(ending), _) => sentence(&ending.report(), 0),
        (None, None, Some(error)) => error.clone(),
        (None, None, None) if story.exit_code == Some(0) => format!("{} looked and changed nothing.", story.command),
        (None, None, None) => "nothing was begun, nothing was changed.".to_owned(),
    };
    let later = if story.found_later { " (found out after the deploying step had ended)" } else { "" };
    report::one_line(&format!("{said}{later}"))
}

/// What the outcome is called in the output `outcome`; empty for a command that only looked.
pub fn outcome_word(story: &Story) -> &str {
    match (&story.conclusion, &story.ending) {
        (Some(conclusion), _) => &conclusion.word,
        (None, Some(ending)) => ending.report().outcome.as_str(),
        (None, None) if story.exit_code == Some(0) => "",
        (None, None) if story.exit_code == Some(4) => "findings",
        (None, None) => Outcome::Refused.as_str(),
    }
}

fn heading(story: &Story) -> String {
    let what = match outcome_word(story) {
        "" => "looked".to_owned(),
        word => {
            let sign = match word {
                "committed" | "passed" => "✅",
                "rolled-back" | "cancelled" => "↩️",
                "stuck" | "in-doubt" => "🆘",
                "findings" => "❌",
                _ => "⛔",
            };
            format!("{sign} {}", text(&word.replace('-', " ")))
        }
    };
    let mut title = String::new();
    if !story.app.is_empty() {
        let _ = write!(title, "{} → {}: ", text(&story.app), text(&story.environment));
    }
    format!("## {title}{what}\n\n{}\n", text(&in_a_sentence(story)))
}

fn facts(story: &Story, report: &OutcomeReport) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(story.revision.as_ref().map(|revision| ("revision", revision.clone())));
    rows.extend(report.run.as_ref().map(|run| ("run", run.to_string())));
    rows.extend(report.failed_step.as_ref().map(|step| ("failed step", step.clone())));
    if report.run.is_some() {
        rows.push(("data", data(report)));
        rows.extend(report.downtime_ms.map(|ms| ("users saw maintenance for", time::duration(ms))));
        rows.extend(report.rollback_ms.map(|ms| ("going back took", time::duration(ms))));
    }
    rows.extend(report.release.as_ref().map(|release| ("live release", release.clone())));
    rows.extend(report.previous_release.as_ref().map(|release| ("live before", release.clone())));
    if rows.is_empty() {
        return String::new();
    }
    let rows: String = rows.iter().map(|(name, value)| format!("| {name} | {} |\n", cell(value))).collect();
    format!("| | |\n|---|---|\n{rows}")
}

/// What became of the data, and how that is known.
fn data(report: &OutcomeReport) -> String {
    let what = match report.data {
        Data::Migrated => "migrated",
        Data::Restored => "as before: given back and compared",
        Data::Untouched => "not touched",
        Data::KeptMigrated => "what the migration did to it STAYS",
    };
    let proof = match report.proof {
        Proof::Exact => "; the copy was compared row by row",
        Proof::Evidence => "; the copy was proven by the server's own record of writes",
        Proof::Exclusion => "; nobody could connect while it was copied",
        Proof::None => "",
    };
    let fence = match report.fence {
        Fence::Exclusive => "; other writers were locked out",
        Fence::Cooperative => "; writers of other accounts would not have been seen",
        Fence::None => "",
    };
    format!("{what}{proof}{fence}")
}

fn refusals(story: &Story) -> String {
    let one =
        |(reason, remedy): &(String, String)| format!("- **{}**\n{}", text(&one_line(reason)), preformatted(remedy));
    let all = story.refusals.first.iter().map(one).collect::<String>();
    if all.is_empty() { all } else { format!("### Refused because\n\n{all}{}", left_out(&story.refusals, "reasons")) }
}

fn failure(story: &Story) -> String {
    let is_over = story.ending.as_ref().is_some_and(|ending| ending.report().outcome == Outcome::Committed);
    let Some(Failure { step, undo, lines }) = story.failure.as_ref().filter(|_| !is_over) else { return String::new() };
    let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    format!("### Last lines of {}\n\n{}", text(&step_head(step, *undo)), preformatted(last.join("\n").trim_end()))
}

fn checks(story: &Story) -> String {
    let failed: Vec<_> = story.checks.first.iter().filter(|check| !check.passed).collect();
    let all = story.checks.len();
    if all == 0 {
        return String::new();
    }
    let mut part = match failed.len() {
        0 => format!("### {all} checks passed\n"),
        some => format!("### {some} of {all} checks failed\n\n| check | seen | |\n|---|---|---|\n"),
    };
    for check in failed.iter().take(CHECKS) {
        let decides = if check.required { "required" } else { "" };
        let _ = writeln!(part, "| {} | {} | {decides} |", cell(&check.check), cell(&check.note));
    }
    if failed.len() > CHECKS {
        let _ = writeln!(part, "\n… and {} more that failed: the log has them", failed.len() - CHECKS);
    }
    part + &left_out(&story.checks, "checks")
}

fn steps(story: &Story) -> String {
    if story.rows.is_empty() {
        return String::new();
    }
    let mut table = "| step | took | |\n|---|---:|---|\n".to_owned();
    for row in &story.rows.first {
        let _ = match row {
            Row::Step { name, took_ms, failed, note, .. } => {
                let mark = if *failed { "✗ " } else { "" };
                writeln!(table, "| {mark}{} | {} | {} |", cell(name), time::duration(*took_ms), cell(note))
            }
            Row::Phase { name, took_ms, note, .. } => {
                writeln!(table, "| {} | {} | {} |", cell(name), time::duration(*took_ms), cell(note))
            }
            Row::Turn { text: turn, .. } => writeln!(table, "| — **{}** — | | |", text(turn)),
        };
    }
    format!("### Steps\n\n{table}{}\n{}", left_out(&story.rows, "steps"), gantt(story))
}

/// Mermaid takes names and numbers here and nothing else.
fn gantt(story: &Story) -> String {
    let mut chart = "```mermaid\ngantt\n  dateFormat x\n  axisFormat %M:%S\n  section before\n".to_owned();
    for row in &story.rows.first {
        let (crit, name, begun_ms, took_ms) = match row {
            Row::Phase { name, begun_ms, took_ms, .. } => ("", name, begun_ms, took_ms),
            Row::Step { name, begun_ms, took_ms, failed, .. } => {
                (if *failed { "crit, " } else { "" }, name, begun_ms, took_ms)
            }
            Row::Turn { text, .. } => {
                let _ = writeln!(chart, "  section {}", word(text));
                continue;
            }
        };
        let took_ms = i64::try_from(*took_ms).unwrap_or(0).max(1);
        let _ = writeln!(chart, "  {} :{crit}{begun_ms}, {}", word(name), begun_ms.saturating_add(took_ms));
    }
    chart + "```\n"
}

fn warnings(story: &Story) -> String {
    let all: String = story.warnings.first.iter().map(|line| format!("- {}\n", text(&one_line(line)))).collect();
    if all.is_empty() { all } else { format!("### Notes\n\n{all}{}", left_out(&story.warnings, "notes")) }
}

fn what_next(story: &Story) -> String {
    let Some(ending) = &story.ending else { return String::new() };
    let failed = story.failure.as_ref().map(|failure| failure.step.as_str());
    let next = next(&ending.report(), &story.environment, failed, story.refusals.len());
    let all: String = next.iter().map(|(what, command)| format!("# {what}\n{command}\n")).collect();
    if all.is_empty() { all } else { format!("### Next\n\n{}", preformatted(all.trim_end())) }
}

fn left_out<T>(several: &Several<T>, what: &str) -> String {
    if several.more == 0 { String::new() } else { format!("\n… and {} more {what}\n", several.more) }
}

/// Whole parts, as many as there is room for; the first ones say the most.
fn within(parts: Vec<String>, log_url: &str) -> String {
    let mut whole = String::new();
    let mut left_out = 0;
    for part in parts {
        if whole.len() + part.len() <= SUMMARY_MAX_BYTES {
            whole.push_str(&part);
            whole.push('\n');
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let _ = writeln!(whole, "… {left_out} longer parts are not shown here: {log_url} has the whole log");
    }
    whole
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text in a paragraph. What Markdown or HTML would take for markup is quoted.
fn text(foreign: &str) -> String {
    let mut shown = String::with_capacity(foreign.len());
    for c in escape(foreign).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            // neither people nor issues are told, and no address becomes a link
            '@' => shown.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '|' | '~' | '$' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// Foreign text in a cell of a table, or wherever it has to be on one line.
pub fn cell(foreign: &str) -> String {
    text(&shortened(&one_line(foreign), 500))
}

/// Lines as they are. In HTML nothing but `<` and `&` means anything, and a blank line does not end it.
fn preformatted(foreign: &str) -> String {
    let lines: Vec<String> =
        foreign.lines().map(|line| escape(line).replace('&', "&amp;").replace('<', "&lt;")).collect();
    format!("<pre>\n{}\n</pre>\n", lines.join("\n"))
}

/// A name in a chart.
fn word(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, EventKind, Phase, StepResult};
    use crate::report::End;

    fn story(kinds: Vec<EventKind>) -> Story {
        let mut story = Story::default();
        for (n, kind) in kinds.into_iter().enumerate() {
            let run = "20261123T101500Z-3f2a1c9".to_owned().try_into().ok();
            story.event(&Event { at_ms: 1_800_000_000_000 + 1000 * i64::try_from(n).unwrap_or(0), run, kind });
        }
        story
    }

    fn opened() -> EventKind {
        EventKind::Opened {
            command: "deploy".to_owned(),
            app: "shop-api".to_owned(),
            environment: "staging".to_owned(),
            revision: Some("3f2a1c9".to_owned()),
        }
    }

    fn ended(step: &str, undo: bool, result: StepResult, note: &str) -> EventKind {
        let (step, note) = (step.to_owned(), note.to_owned());
        EventKind::StepEnded { step, phase: Phase::Migrate, undo, result, note, duration_ms: 400 }
    }

    fn report(outcome: Outcome) -> OutcomeReport {
        OutcomeReport {
            outcome,
            reason: "exit 1: SQLSTATE[42S21] ![x](http://evil.example) <img src=x> @admin".to_owned(),
            failed_step: Some("migrate".to_owned()),
            committed: false,
            maintenance: false,
            data: Data::Restored,
            proof: Proof::Exact,
            fence: Fence::Exclusive,
            downtime_ms: Some(4300),
            rollback_ms: Some(600),
            release: Some("20261101T000000Z-1111111".to_owned()),
            previous_release: Some("20261101T000000Z-1111111".to_owned()),
            kind: crate::model::RunKind::Deploy,
            cause: crate::model::Cause::Failure,
            run: "20261123T101500Z-3f2a1c9".to_owned().try_into().ok(),
        }
    }

    #[test]
    fn a_reviewer_sees_what_was_given_back_and_the_proof_of_it() {
        let story = story(vec![
            opened(),
            EventKind::PhaseEnded { phase: Phase::Probe, note: "laravel 8.83".to_owned(), duration_ms: 900 },
            EventKind::MaintenanceOn,
            ended("migrate", false, StepResult::Failed { code: 1 }, "a | b"),
            EventKind::FailureOutput {
                step: "migrate".to_owned(),
                lines: vec!["</pre><script>".to_owned(), String::new(), "::error::x".to_owned()],
            },
            EventKind::Undoing { reason: "exit 1".to_owned() },
            ended("migrate", true, StepResult::Done, ""),
            EventKind::MaintenanceOff { downtime_ms: 4300, seen: true },
            EventKind::Warning { text: "cron is *not* there".to_owned() },
            EventKind::Outcome(report(Outcome::RolledBack)),
        ]);
        insta::assert_snapshot!(markdown(&story, "https://github.example/log"));
    }

    #[test]
    fn of_two_hundred_checks_none_is_dropped_in_silence() {
        let check = |n: usize, passed| EventKind::Checked {
            check: format!("GET /{n}"),
            passed,
            required: true,
            note: "500".to_owned(),
            duration_ms: 3,
        };
        let story = story((0..200).map(|n| check(n, false)).chain((200..700).map(|n| check(n, true))).collect());
        let shown = checks(&story);
        assert!(shown.contains("200 of 700 checks failed") && shown.contains("and 150 more that failed"), "{shown}");
        assert!(shown.contains("and 400 more checks"), "{shown}");
    }

    #[test]
    fn what_is_too_long_for_a_summary_is_left_out_with_a_pointer() {
        let mut story = story(vec![opened(), EventKind::Outcome(report(Outcome::RolledBack))]);
        story.shown = Some("<".repeat(400_000));
        let shown = markdown(&story, "https://github.example/log");
        assert!(shown.len() < SUMMARY_MAX_BYTES, "{}", shown.len());
        assert!(shown.contains("1 longer parts are not shown here: https://github.example/log"), "{shown}");
        assert!(shown.contains("### Next"), "{shown}");
    }

    #[test]
    fn a_story_survives_its_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let story = story(vec![opened(), EventKind::MaintenanceOn, EventKind::Outcome(report(Outcome::RolledBack))]);
        story.write(folder.path()).expect("written");
        let read = Story::read(folder.path()).expect("read");
        assert_eq!(read.ending.as_ref().map(End::report), Some(report(Outcome::RolledBack)));
        assert_eq!(markdown(&read, ""), markdown(&story, ""));
    }

    #[test]
    fn a_run_that_is_told_again_is_shown_once_and_one_that_is_not_is_not_lost() {
        let mut told = story(vec![opened(), ended("migrate", false, StepResult::Done, "")]);
        told.tell_again();
        let again = Event { at_ms: 0, run: None, kind: EventKind::Outcome(report(Outcome::Committed)) };
        told.event(&again);
        assert_eq!(told.rows.len(), 1, "it had ended before anybody told it again");
        told.event(&Event { kind: ended("migrate", false, StepResult::Done, ""), ..again.clone() });
        told.event(&Event { kind: ended("switch", false, StepResult::Done, ""), ..again });
        assert_eq!(told.rows.len(), 2);
    }
}
