//! Foreign output in a job: it makes the runner do nothing, and however long it is, nothing is dropped in silence.

use super::{Shop, Used};
use crate::{failures::End, support::Site};

/// What the action itself makes the runner do.
const OURS: [&str; 5] = ["add-mask", "stop-commands", "group", "endgroup", "error"];

#[track_caller]
fn obeyed_only_us(used: &Used) {
    let foreign: Vec<_> = used
        .obeyed
        .iter()
        .filter(|(name, data)| {
            !OURS.contains(&name.as_str())
                || name == "error" && data == "shown"
                || name == "group" && !data.starts_with("log of ")
        })
        .collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    assert_eq!(used.errors().len(), 1, "{:#?}", used.errors());
    let stops = used.obeyed.iter().filter(|(name, _)| name == "stop-commands");
    let tokens: std::collections::BTreeSet<_> = stops.clone().map(|(_, token)| token).collect();
    assert_eq!(tokens.len(), stops.count(), "each token is used once");
}

#[test]
fn what_the_target_prints_makes_the_runner_do_nothing() {
    let shop = Shop::new(Site::with_mariadb());
    let used = shop.deploy(&["loud"]);
    assert_eq!(used.status("deploy"), 10);
    obeyed_only_us(&used);
    shop.judge(&used, End::RolledBack);
    // ten megabytes in one line, four of which the target keeps
    assert!(used.log.len() < 500_000, "{} bytes", used.log.len());
    assert!(used.log.contains(&format!("bytes are not shown here: backstay logs {}", shop.target.run_id())));
    for text in [&used.log, &used.summary] {
        let is_plain = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        assert!(text.chars().all(is_plain));
    }
    assert!(used.summary.contains("the end: ") && used.summary.len() < 100_000, "{}", used.summary);

    let artifact = shop.target.artifact(&["loud"], "2222222").display().to_string();
    let json = [("artifact", artifact.as_str()), ("ssh-key", &shop.key), ("args", "--json --key=another")];
    let used = shop.runner.start(&json).wait();
    assert_eq!(used.status("deploy"), 10);
    obeyed_only_us(&used);
}

#[test]
fn two_hundred_failing_checks_are_counted_and_the_first_are_shown() {
    let shop = Shop::new(Site::with_first());
    let checks: String = (0..200).map(|n| format!("    - {{ http: \"/?{n}\", status: 404, attempts: 1 }}\n")).collect();
    shop.target.configure(&format!("smoke:\n  checks:\n{checks}"));
    let used = shop.deploy(&[]);
    assert_eq!((used.status("deploy"), used.output("outcome")), (10, "rolled-back"), "{}", used.log);
    assert!(used.summary.contains("200 of 200 checks failed"), "{}", used.summary);
    assert!(used.summary.contains("and 150 more that failed"), "{}", used.summary);
    assert_eq!(used.errors().len(), 1);
    assert!(used.errors()[0].len() < 4096, "{}", used.errors()[0]);
}
