//! How a run ends when nobody kills anything: by its steps, by the verdict, by a limit.

use backstay::{journal::Fact, model::Span, plan::PlanFile};

use super::support::{Ground, judge, under_each_shell};

#[test]
fn a_good_run_is_committed_and_leaves_nothing_behind() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        assert_eq!(ground.deploy(), Some(0), "{shell}");
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.says("trace"), "do close\ndo data\ndo code\nfinish open\n", "{shell}");
        assert_eq!(std::fs::read_to_string(ground.root().join("last")).expect("said"), format!("{}\n", ground.run()));
    });
}

#[test]
fn a_failing_step_is_undone_in_reverse_with_its_own_words() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "echo no such column; exit 3");
        assert_eq!(ground.deploy(), Some(0), "{shell}");
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.abort(), ("step".into(), "exit 3: no such column".into()), "{shell}");
        assert_eq!(ground.says("trace"), "do close\ndo data\ndo code\nundo code\nundo data\nfinish open\n", "{shell}");
    });
}

#[test]
fn what_is_looked_at_after_the_verdict_is_no_commit_where_it_fails_or_dies() {
    let after = "grep -q ' verdict commit #' \"$BACKSTAY_DIR/journal\" || exit 9\n";
    under_each_shell(|shell| {
        for (look, end) in
            [("", "committed"), ("echo others; exit 4", "rolled-back"), ("kill -KILL $PPID", "rolled-back")]
        {
            let mut ground = Ground::new(shell);
            ground.find("data").files.push(PlanFile::text("last", format!("{after}{look}")));
            let ended = ground.deploy();
            let decided = ground.facts();
            assert_eq!(ended, (!look.contains("kill")).then_some(0), "{shell} {look}");
            assert!(decided.contains(&Fact::Verdict("commit".to_owned())), "{shell} {look}: {decided:?}");
            if ended.is_none() {
                ground.recover();
            }
            judge(&ground, &decided, &format!("{shell} {look}"));
            assert_eq!(ground.end(), end, "{shell} {look}");
            if look.contains("exit") {
                assert_eq!(ground.abort(), ("step".into(), "exit 4: others".into()), "{shell}");
            }
        }
    });
}

#[test]
fn an_abort_that_was_said_first_is_the_verdict() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let incoming = ground.arrive();
        std::fs::write(incoming.join("verdict"), "abort smoke /health: 500\n").expect("a file");
        ground.go(&incoming, &["run"]);
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.abort(), ("smoke".into(), "/health: 500".into()), "{shell}");
    });
}

#[test]
fn a_verdict_that_names_another_run_is_none() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let incoming = ground.arrive();
        std::fs::write(incoming.join("verdict"), "commit 20250101T000000Z-old\n").expect("a file");
        ground.go(&incoming, &["run"]);
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.end(), "rolled-back", "{shell}");
    });
}

#[test]
fn silence_ends_a_running_step_and_the_wait_for_a_verdict() {
    under_each_shell(|shell| {
        for more in ["", "sleep 1000"] {
            let mut ground = Ground::new(shell).step("data", more);
            ground.plan.settings.lease = Span::from_ms(800);
            let incoming = ground.arrive();
            ground.go(&incoming, &["run"]);
            judge(&ground, &ground.facts(), &format!("{shell} {more}"));
            assert_eq!(ground.abort().0, "lost", "{shell} {more}");
        }
    });
}

#[test]
fn a_beat_of_another_boot_is_none() {
    under_each_shell(|shell| {
        let beat = "echo \"99999999999 another-boot\" >\"$BACKSTAY_DIR/heartbeat\"";
        let mut ground = Ground::new(shell).step("data", beat);
        ground.plan.settings.lease = Span::from_ms(800);
        let incoming = ground.arrive();
        ground.go(&incoming, &["run"]);
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.abort().0, "lost", "{shell}");
    });
}

#[test]
fn maintenance_that_is_too_long_for_users_is_ended() {
    under_each_shell(|shell| {
        let mut ground = Ground::new(shell).step("data", "sleep 1000");
        ground.plan.settings.max = Some(Span::from_ms(500));
        ground.deploy();
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.abort().0, "max", "{shell}");
    });
}

#[test]
fn a_step_over_its_timeout_has_failed_even_if_it_says_that_it_did_well() {
    under_each_shell(|shell| {
        let mut ground = Ground::new(shell).step("data", "trap 'exit 0' TERM; sleep 1000 & wait");
        ground.find("data").timeout = Some(Span::from_ms(300));
        ground.deploy();
        judge(&ground, &ground.facts(), &shell.to_string());
        assert!(ground.abort().1.contains("longer than its timeout"), "{shell} {:?}", ground.abort());
    });
}

#[test]
fn a_clock_that_jumps_changes_nothing() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.die_in("do code");
        let date = ground.path.parent().expect("a folder").join("bin/date");
        let _ = std::fs::remove_file(&date);
        std::fs::write(&date, "#!/bin/dash\necho 86400000000000\n").expect("a file");
        std::process::Command::new("chmod").arg("755").arg(&date).status().expect("it runs");
        let decided = ground.facts();
        ground.recover();
        judge(&ground, &decided, &shell.to_string());
    });
}

#[test]
fn another_boot_is_seen_and_its_facts_are_not_believed() {
    under_each_shell(|shell| {
        let mut ground = Ground::new(shell);
        ground.plan.settings.max = Some(Span::from_secs(30));
        ground.die_in("do code");
        let decided = ground.facts();
        ground.recover_where("/proc/sys/kernel/random/boot_id", "00000000-1111-2222-3333-444444444444\n");
        assert!(ground.facts().contains(&Fact::Rebooted), "{shell}");
        judge(&ground, &decided, &shell.to_string());
    });
}

#[test]
fn an_undo_that_somebody_kills_is_run_again_and_not_for_ever() {
    under_each_shell(|shell| {
        for (kills, end) in [(1, "rolled-back"), (2, "rolled-back"), (9, "stuck")] {
            // what it has begun goes on, as long as nobody ends it
            let kill = format!(
                "n=$(cat \"$HOME/kills\" 2>/dev/null || echo 0); [ \"$n\" -ge {kills} ] || {{ echo $((n + 1)) >\"$HOME/kills\"; sleep 1000 & kill -s KILL $$; }}"
            );
            let ground = Ground::new(shell).step("code", "exit 1").undo("data", &kill);
            ground.deploy();
            assert_eq!(ground.end(), end, "{shell} {kills}: {}", ground.says("said"));
            if end == "stuck" {
                assert_eq!(ground.says("kills"), "3\n", "{shell}");
                ground.tell("kills", "9\n");
                ground.go(&ground.dir(), &["retry", "ann"]);
            }
            judge(&ground, &ground.facts(), &format!("{shell} {kills}"));
        }
    });
}

#[test]
fn an_undo_over_its_timeout_is_stuck_even_if_it_says_that_it_did_well() {
    under_each_shell(|shell| {
        let mut ground =
            Ground::new(shell).step("code", "exit 1").undo("data", "trap 'exit 0' TERM; sleep 1000 & wait");
        ground.find("data").files.push(PlanFile::text("undo-timeout", "30\n"));
        // that of the step itself does not count here
        ground.find("code").timeout = Some(Span::from_ms(10_000));
        ground.deploy();
        assert_eq!((ground.end(), ground.says("open").as_str()), ("stuck", ""), "{shell}");
        assert!(ground.says("told").contains("the undo of data failed"), "{shell} {}", ground.says("told"));
        assert!(ground.says("told").contains("longer than its timeout"), "{shell} {}", ground.says("told"));
    });
}
