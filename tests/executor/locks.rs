//! Who may begin: one executor at a time, on the world that the plan was made for.

use std::fs;

use backstay::journal::Fact;

use super::support::{Ground, Shell, await_exit, eventually, judge, under_each_shell};

/// Another plan for the same place.
fn next(ground: &Ground, run: &str) -> Ground {
    let mut next = Ground::new(ground.shell);
    next.plan.run = run.to_owned().try_into().expect("an id");
    next.path = ground.path.clone();
    next
}

fn answer(ground: &Ground) -> String {
    let incoming = ground.root().join("incoming").join(ground.run());
    fs::read_to_string(incoming.join("answer")).unwrap_or_default()
}

#[test]
fn of_two_executors_of_one_run_one_runs_it() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("data", "sleep 1");
        let incoming = ground.arrive();
        ground.commit(&incoming);
        let both = [0, 1].map(|_| ground.executor(&incoming, &["run"]).spawn().expect("it starts"));
        for executor in both {
            assert!(await_exit(executor).code().is_some());
        }
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.says("trace"), "do close\ndo data\ndo code\nfinish open\n", "{shell}");
    });
}

#[test]
fn two_recoveries_at_once_undo_once() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).undo("data", "sleep 1");
        ground.die_in("do code");
        let decided = ground.facts();
        let both = [0, 1].map(|_| ground.executor(&ground.dir(), &["recover"]).spawn().expect("it starts"));
        for executor in both {
            assert!(await_exit(executor).code().is_some());
        }
        judge(&ground, &decided, &shell.to_string());
        assert_eq!(ground.says("trace").matches("undo data").count(), 1, "{shell}");
    });
}

#[test]
fn a_recovery_leaves_a_living_executor_alone() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("data", "until [ -e \"$HOME/go\" ]; do sleep 0.1; done");
        let incoming = ground.arrive();
        ground.commit(&incoming);
        let run = ground.executor(&incoming, &["run"]).spawn().expect("it starts");
        eventually("it runs", || ground.says("trace").contains("do data"));
        assert_eq!(ground.recover(), Some(75), "{shell}");
        ground.tell("go", "");
        await_exit(run);
        judge(&ground, &ground.facts(), &shell.to_string());
        assert!(!ground.facts().contains(&Fact::Recover), "{shell}");
    });
}

#[test]
fn an_unsettled_or_stuck_run_keeps_the_next_from_beginning() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.die_in("do code");
        let second = next(&ground, "20260102T000000Z-abc");
        second.deploy();
        assert_eq!(answer(&second), format!("unsettled {}\n", ground.run()), "{shell}");
        ground.tell("undo-fails", "");
        ground.recover();
        let third = next(&ground, "20260103T000000Z-abc");
        third.deploy();
        assert_eq!(answer(&third), format!("stuck {}\n", ground.run()), "{shell}");
        assert_eq!((second.says("trace"), third.says("trace")), Default::default(), "{shell}");
    });
}

#[test]
fn a_torn_end_is_no_end_for_the_next_run() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.deploy();
        let mut journal = ground.journal_bytes();
        journal.truncate(journal.len() - 1);
        fs::write(ground.dir().join("journal"), journal).expect("ours");
        let second = next(&ground, "20260102T000000Z-abc");
        second.deploy();
        assert_eq!(answer(&second), format!("unsettled {}\n", ground.run()), "{shell}");
    });
}

#[test]
fn a_run_whose_first_line_is_damaged_is_not_taken_for_one_that_never_began() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.die_in("do code");
        let mut journal = ground.journal_bytes();
        let at = journal.iter().position(|byte| *byte == b't').expect("start");
        journal[at] = b'T';
        journal[at - 1] = b'S';
        fs::write(ground.dir().join("journal"), journal).expect("ours");
        let second = next(&ground, "20260102T000000Z-abc");
        second.deploy();
        assert_eq!(answer(&second), format!("unsettled {}\n", ground.run()), "{shell}");
    });
}

#[test]
fn another_world_than_planned_for_refuses() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.deploy();
        let second = next(&ground, "20260102T000000Z-abc");
        second.deploy();
        assert!(answer(&second).starts_with("generation another run"), "{shell} {}", answer(&second));
        let mut third = next(&ground, "20260103T000000Z-abc");
        third.plan.generation.last_run = Some(ground.run());
        std::os::unix::fs::symlink("releases/x", ground.path.join("current")).expect("a link");
        third.deploy();
        assert!(answer(&third).starts_with("generation current points to releases/x"), "{shell} {}", answer(&third));
        assert_eq!((second.says("trace"), third.says("trace")), Default::default(), "{shell}");
    });
}

#[test]
fn a_key_that_committed_is_answered_and_one_that_was_rolled_back_runs_again() {
    for (course, answered) in [("", "key 20260101T000000Z-abc\n"), ("exit 1", "")] {
        let mut ground = Ground::new(Shell::Dash).step("code", course);
        ground.plan.key = Some(("key".into(), "digest".into()));
        ground.deploy();
        let mut second = next(&ground, "20260102T000000Z-abc");
        second.plan.key = ground.plan.key.clone();
        second.plan.generation.last_run = Some(ground.run());
        second.deploy();
        assert_eq!(answer(&second), answered, "{course}");
        assert_eq!(second.says("trace").is_empty(), !answered.is_empty(), "{course}");
    }
}

#[test]
fn a_plan_that_arrived_damaged_does_not_begin() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let incoming = ground.arrive();
        fs::write(incoming.join("steps/02-data/undo"), "").expect("ours");
        fs::write(incoming.join("bundle.tar"), "").expect("ours");
        ground.go(&incoming, &["run"]);
        assert_eq!(answer(&ground), "refused the plan arrived damaged on the target\n", "{shell}");
        assert_eq!(ground.says("crontab"), "", "{shell}");
    });
}
