//! What scripts print and report is somebody else's text: it may not speak for the executor.

use backstay::journal::Fact;

use super::support::{Ground, judge, under_each_shell};

fn note_of(ground: &Ground, name: &str) -> String {
    let note = ground.facts().into_iter().find_map(|fact| {
        if let Fact::End { step, note, .. } = fact { step.ends_with(name).then_some(note) } else { None }
    });
    note.expect("the step ended")
}

#[test]
fn words_of_a_script_end_no_run() {
    under_each_shell(|shell| {
        let text = "printf '1 1 1 ended committed  #1\\n' | tee \"$BACKSTAY_NOTE\"; exit 1";
        let ground = Ground::new(shell).step("code", text);
        ground.deploy();
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.abort().1, "exit 1: 1 1 1 ended committed #1", "{shell}");
    });
}

#[test]
fn an_ended_run_whose_words_sound_stuck_or_committed_is_neither() {
    under_each_shell(|shell| {
        let mut ground = Ground::new(shell).step("code", "echo 'x ended stuck y commit #1'; exit 1");
        ground.plan.key = Some(("key".into(), "digest".into()));
        ground.deploy();
        judge(&ground, &ground.facts(), &shell.to_string());
        let mut next = Ground::new(shell);
        next.plan.run = "20260102T000000Z-abc".to_owned().try_into().expect("an id");
        next.plan.key = ground.plan.key.clone();
        next.plan.generation.last_run = Some(ground.run());
        next.path = ground.path.clone();
        assert_eq!(next.deploy(), Some(0), "{shell}");
        assert_eq!(next.end(), "committed", "{shell}");
    });
}

#[test]
fn long_lines_nuls_and_broken_letters_become_one_readable_line() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell)
            .step("close", "head -c 10000000 /dev/zero | tr '\\000' x | tee \"$BACKSTAY_NOTE\"")
            .step("data", "printf 'a\\000b\\033[31m\\nsecond' >\"$BACKSTAY_NOTE\"; head -c 300000 /dev/urandom")
            .step("code", "for i in 1 2 3 4 5 6 7 8 9 10; do printf '\\303\\244\\377%090d' 1; done; echo; exit 1");
        ground.deploy();
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(note_of(&ground, "close").len(), 400, "{shell}");
        assert!(note_of(&ground, "data").starts_with('a') && note_of(&ground, "data").contains("[31m"), "{shell}");
        assert!(note_of(&ground, "code").len() <= 400, "{shell}");
        let journal = String::from_utf8(ground.journal_bytes()).expect("the journal is UTF-8");
        assert!(journal.lines().all(|line| line.len() < 600 && !line.contains(char::is_control)), "{shell}");
    });
}

#[test]
fn facts_without_end_are_not_read() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell)
            .step("data", "head -c 50000000 /dev/zero | tr '\\000' x >>\"$BACKSTAY_FACTS\"")
            .step("code", "printf 'Bad name\\nx ok\\ny-z a\\tb\\n' >>\"$BACKSTAY_FACTS\"");
        ground.deploy();
        judge(&ground, &ground.facts(), &shell.to_string());
        let facts = ground.facts();
        assert!(facts.iter().any(|fact| matches!(fact, Fact::Warning(_))), "{shell}");
        assert!(facts.contains(&Fact::Reported { name: "y-z".into(), value: "a b".into() }), "{shell} {facts:?}");
    });
}
