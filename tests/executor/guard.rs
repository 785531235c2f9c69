//! The crontab lines that bring a run to its end when nobody else does.

use std::process::Command;

use super::support::{Ground, judge, under_each_shell};

const OTHERS: &str = "# mine\n0 3 * * * /opt/backup 50% # backstay 2025\n";

fn run_line(ground: &Ground) -> Command {
    let table = ground.says("crontab");
    let line = table.lines().find(|line| line.starts_with("* * * * * sh ")).expect("the guard's line");
    // what cron does to a command
    let command = line.trim_start_matches("* * * * * ").replace("\\%", "%");
    let mut cron = ground.command(&ground.sh());
    cron.env_clear().env("HOME", "/nowhere").env("PATH", ground.path_variable()).args(["-c", &command]);
    cron
}

#[test]
fn the_guards_line_alone_brings_a_run_to_its_end() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.tell("crontab", OTHERS);
        ground.die_in("do code");
        assert!(ground.says("crontab").starts_with(OTHERS), "{shell}");
        assert_eq!(ground.says("crontab").matches("@reboot").count(), 1, "{shell}");
        let decided = ground.facts();
        assert!(run_line(&ground).status().expect("it runs").success(), "{shell}");
        assert_eq!(ground.says("crontab"), OTHERS, "{shell}: others' lines are as they were");
        ground.untell("crontab");
        judge(&ground, &decided, &shell.to_string());
    });
}

#[test]
fn a_crontab_that_cannot_be_read_is_not_replaced() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "touch \"$HOME/crontab-fails\"; exit 1");
        ground.tell("crontab", OTHERS);
        ground.deploy();
        assert_eq!(ground.end(), "rolled-back", "{shell}");
        assert!(ground.says("crontab").starts_with(OTHERS), "{shell}");
        // the lines that are left do nothing but try again
        let (journal, line) = (ground.journal_bytes(), run_line(&ground));
        ground.untell("crontab-fails");
        { line }.status().expect("it runs");
        assert_eq!(ground.says("crontab"), OTHERS, "{shell}");
        assert_eq!(ground.journal_bytes(), journal, "{shell}");
    });
}

#[test]
fn a_guard_that_was_asked_for_by_name_and_cannot_be_had_refuses() {
    under_each_shell(|shell| {
        for (guard, begins) in [("cron", false), ("auto", true)] {
            let mut ground = Ground::new(shell);
            ground.plan.settings.guard = guard;
            ground.tell("crontab-fails", "");
            ground.deploy();
            assert_eq!(!ground.says("trace").is_empty(), begins, "{shell} {guard}");
        }
    });
}
