//! Every place where an executor can die, one after the other: after each journal line, in the middle of each, in each
//! script, and again while it recovers.

use std::fs;

use super::{
    cases::each_case,
    support::{Ground, SHELLS, Shell, judge},
};

/// How a run goes when nobody kills it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Course {
    Good,
    Failing,
}

pub const COURSES: [Course; 2] = [Course::Good, Course::Failing];

pub fn ground(shell: Shell, course: Course) -> Ground {
    let mut ground = Ground::new(shell);
    // to look for a cron takes as many calls as there are processes, and so never the same number twice
    ground.plan.settings.guard = "cron";
    match course {
        Course::Good => ground,
        Course::Failing => ground.step("code", "echo no such column; exit 3"),
    }
}

/// The number of lines of the journal of an undisturbed run.
pub fn lines(shell: Shell, course: Course) -> usize {
    let ground = ground(shell, course);
    assert_eq!(ground.deploy(), Some(0), "{shell}");
    judge(&ground, &ground.facts(), &format!("{shell} {course:?}"));
    ground.facts().len()
}

fn name(cut: usize) -> String {
    match cut {
        0 => "whole".to_owned(),
        cut => format!("cut-{cut}"),
    }
}

/// The last line loses that many of its bytes; 0 leaves it whole, 1 takes the newline alone.
fn tear(ground: &Ground, cut: usize) {
    let mut journal = ground.journal_bytes();
    let start = journal[..journal.len() - 1].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let length = journal.len() - start;
    journal.truncate(journal.len() - cut.min(length - 1));
    fs::write(ground.dir().join("journal"), journal).expect("ours");
}

#[test]
fn a_crash_after_or_within_any_journal_line_ends_in_one_of_two_states() {
    let mut cases = Vec::new();
    for shell in SHELLS {
        for course in COURSES {
            for line in 1..=lines(shell, course) {
                // whole, and torn somewhere, in turn; the fastest shell tries both at every line
                let torn = [1, 12, 1000][line % 3];
                let cuts = if shell == Shell::Dash { vec![0, torn] } else { vec![[0, torn][line % 2]] };
                for cut in cuts {
                    let case = format!("{shell} {course:?} line {line} {}", name(cut));
                    cases.push((case, (shell, course, line, cut)));
                }
            }
        }
    }
    each_case(4, &cases, |case, &(shell, course, line, cut)| {
        let ground = ground(shell, course);
        ground.tell("kill-at", &format!("{line}\n"));
        assert_eq!(ground.deploy(), None, "{case}: it dies");
        tear(&ground, cut);
        let decided = ground.facts();
        ground.recover();
        judge(&ground, &decided, case);
    });
}

#[test]
fn a_recovery_that_crashes_anywhere_is_recovered_from() {
    let shell = Shell::Dash;
    let mut cases = Vec::new();
    for course in COURSES {
        for line in 1..=lines(shell, course) {
            cases.push((format!("{course:?} line {line}"), (course, line)));
        }
    }
    each_case(4, &cases, |case, &(course, line)| {
        // every other one, the odd ones after an odd line
        for again in (1 + line % 2..).step_by(2) {
            let case = format!("{case}, then {again} later");
            let ground = ground(shell, course);
            ground.tell("kill-at", &format!("{line}\n"));
            assert_eq!(ground.deploy(), None, "{case}: it dies");
            let decided = ground.facts();
            ground.tell("kill-at", &format!("{}\n", line + again));
            let is_killed = ground.recover().is_none();
            if is_killed {
                // in turn: the line is whole, lacks its end, or more
                tear(&ground, [0, 1, 12][again / 2 % 3]);
                ground.recover();
            }
            judge(&ground, &decided, &case);
            if !is_killed {
                break;
            }
        }
    });
}

#[test]
fn a_crash_in_any_script_ends_in_one_of_two_states() {
    let mut cases = Vec::new();
    for shell in SHELLS {
        for script in ["do close", "do data", "do code", "finish open"] {
            cases.push((format!("{shell} Good {script}"), (shell, Course::Good, script)));
        }
        for script in ["undo code", "undo data", "finish open"] {
            cases.push((format!("{shell} Failing {script}"), (shell, Course::Failing, script)));
        }
    }
    each_case(4, &cases, |case, &(shell, course, script)| {
        let ground = ground(shell, course);
        ground.die_in(script);
        let decided = ground.facts();
        ground.recover();
        judge(&ground, &decided, case);
    });
}
