//! Stuck, and the ways out of it.

use std::fs;

use backstay::journal::Fact;

use super::support::{Ground, eventually, judge, under_each_shell};

fn stuck_in_undo(shell: super::support::Shell) -> Ground {
    let ground = Ground::new(shell).step("code", "exit 1");
    ground.tell("undo-fails", "");
    ground.deploy();
    assert_eq!(ground.end(), "stuck", "{shell} {:?}", ground.facts());
    assert!(ground.says("told").starts_with("stuck the undo of code failed with exit 1: no way back"), "{shell}");
    assert_eq!(ground.says("open"), "", "{shell}: maintenance stays");
    ground
}

#[test]
fn a_stuck_run_is_left_alone_until_somebody_tries_again() {
    under_each_shell(|shell| {
        let ground = stuck_in_undo(shell);
        let before = ground.journal_bytes();
        ground.recover();
        assert_eq!(ground.journal_bytes(), before, "{shell}");
        ground.untell("undo-fails");
        assert_eq!(ground.go(&ground.dir(), &["retry", "ann"]), Some(0), "{shell}");
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.go(&ground.dir(), &["retry", "ann"]), Some(3), "{shell}: it is not stuck any more");
    });
}

#[test]
fn a_retry_that_dies_has_its_guard() {
    under_each_shell(|shell| {
        let ground = stuck_in_undo(shell);
        ground.untell("undo-fails");
        ground.tell("kill-in", "undo data");
        assert_eq!(ground.go(&ground.dir(), &["retry", "ann"]), None, "{shell}");
        assert!(ground.says("crontab").contains(&ground.run()), "{shell}");
        ground.recover();
        judge(&ground, &ground.facts(), &shell.to_string());
    });
}

#[test]
fn a_run_that_is_taken_up_again_is_guarded_from_its_first_line_on() {
    under_each_shell(|shell| {
        for args in [&["retry", "ann"][..], &["accept", "rolled-back", "ann"]] {
            let ground = stuck_in_undo(shell);
            ground.untell("undo-fails");
            ground.tell("kill-at", &format!("{}\n", ground.facts().len() + 1));
            assert_eq!(ground.go(&ground.dir(), args), None, "{shell}: it dies as it writes {args:?}");
            assert!(ground.says("crontab").contains(&ground.run()), "{shell} {args:?}");
            ground.recover();
            assert_eq!((ground.end(), ground.says("crontab").as_str()), ("rolled-back", ""), "{shell} {args:?}");
        }
    });
}

#[test]
fn a_persons_word_ends_a_stuck_run_and_survives_a_crash() {
    under_each_shell(|shell| {
        for state in ["committed", "rolled-back"] {
            for dies in [false, true] {
                let ground = stuck_in_undo(shell);
                let trace = ground.says("trace");
                if dies {
                    ground.tell("kill-in", "finish open");
                }
                let end = ground.go(&ground.dir(), &["accept", state, "ann\nended"]);
                assert_eq!(end, (!dies).then_some(0), "{shell}");
                if dies {
                    eventually("the script ends", || !ground.says("open").is_empty());
                    ground.recover();
                }
                assert_eq!(ground.end(), state, "{shell} {dies} {:?}", ground.facts());
                let undone = ground.says("trace").replacen(&trace, "", 1);
                assert!(!undone.contains("undo"), "{shell}: nothing is restored over what a person accepted");
                assert_eq!(ground.says("open"), format!("{state}\n"), "{shell}");
                assert_eq!(ground.says("crontab"), "", "{shell}");
            }
        }
    });
}

#[test]
fn a_word_that_is_no_state_is_not_taken() {
    under_each_shell(|shell| {
        let ground = stuck_in_undo(shell);
        let before = ground.journal_bytes();
        assert_eq!(ground.go(&ground.dir(), &["accept", "whatever", "ann"]), Some(2), "{shell}");
        assert_eq!(ground.journal_bytes(), before, "{shell}");
    });
}

#[test]
fn an_undo_that_a_power_failure_emptied_comes_back_from_the_bundle() {
    under_each_shell(|shell| {
        for remove in [false, true] {
            let ground = Ground::new(shell);
            ground.die_in("do code");
            let undo = ground.dir().join("steps/02-data/undo");
            if remove { fs::remove_file(&undo) } else { fs::write(&undo, "") }.expect("ours");
            let decided = ground.facts();
            ground.recover();
            judge(&ground, &decided, &shell.to_string());
        }
    });
}

#[test]
fn a_plan_that_cannot_be_made_whole_is_stuck_and_undoes_nothing() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.die_in("do code");
        let bundle = fs::read(ground.dir().join("bundle.tar")).expect("there");
        fs::write(ground.dir().join("steps/02-data/undo"), "").expect("ours");
        fs::write(ground.dir().join("bundle.tar"), "").expect("ours");
        ground.recover();
        assert_eq!(ground.end(), "stuck", "{shell}");
        assert!(!ground.says("trace").contains("undo"), "{shell}");
        assert!(ground.says("told").starts_with("stuck the plan's files"), "{shell} {}", ground.says("told"));
        fs::write(ground.dir().join("bundle.tar"), bundle).expect("ours");
        ground.go(&ground.dir(), &["retry", "ann"]);
        judge(&ground, &ground.facts(), &shell.to_string());
    });
}

#[test]
fn an_undo_that_is_removed_under_a_living_executor_is_not_passed_over() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "rm \"$BACKSTAY_DIR/steps/02-data/undo\"; exit 1");
        ground.deploy();
        judge(&ground, &ground.facts(), &shell.to_string());
    });
}

#[test]
fn a_damaged_line_in_the_middle_is_stuck_and_told() {
    under_each_shell(|shell| {
        for line in [0, 4] {
            let ground = Ground::new(shell);
            ground.die_in("do code");
            let mut journal = ground.journal_bytes();
            let at = journal.split(|byte| *byte == b'\n').take(line).map(|line| line.len() + 1).sum::<usize>() + 3;
            journal[at] ^= 1;
            fs::write(ground.dir().join("journal"), journal).expect("ours");
            ground.recover();
            assert!(matches!(ground.facts().last(), Some(Fact::Stuck { at, .. }) if at == "journal"), "{shell} {line}");
            assert!(!ground.says("trace").contains("undo"), "{shell} {line}");
            assert!(ground.says("told").starts_with("stuck the journal"), "{shell} {line} {}", ground.says("told"));
        }
    });
}
