//! The other commands of the action, and inputs that cannot be.

use super::Shop;
use crate::support::{Site, servers};

#[test]
fn a_plan_shows_the_pending_sql_in_the_summary_and_has_no_outcome() {
    let shop = Shop::new(Site::with_mariadb());
    let used = shop.start(&["good"], &[("command", "plan")]).wait();
    assert_eq!((used.status("deploy"), used.status("finish"), used.output("outcome")), (0, 0, ""), "{used:#?}");
    assert!(used.summary.contains("alter table") && used.summary.contains("expected"), "{}", used.summary);
    assert!(used.errors().is_empty());
    assert_eq!(shop.target.journals().len(), 1, "nothing was begun");

    // what would be refused
    shop.target.edit_config("maintenance: { drain: 0s }", "maintenance: { drain: 0s }\nphp: no-such-php");
    let used = shop.start(&["good"], &[("command", "plan")]).wait();
    assert_eq!((used.status("deploy"), used.output("outcome")), (3, "refused"), "{}", used.log);
    assert_eq!(used.errors().len(), 1);
    shop.left_nothing(&used);
}

#[test]
fn going_back_takes_the_word_that_the_command_would_ask_for() {
    let shop = Shop::new(Site::with_mariadb());
    assert_eq!(shop.deploy(&["good"]).status("deploy"), 0);
    shop.target.edit_config("production: false", "production: true");
    let back = [("command", "rollback"), ("ssh-key", shop.key.as_str()), ("args", "--discard-writes")];
    let confirmed = |word: &'static str| shop.runner.start(&[&back[..], &[("confirm", word)]].concat()).wait();
    for (word, says) in [("", "Answer with the input `confirm: test`"), ("yes", "must be test")] {
        let used = confirmed(word);
        assert_eq!((used.status("deploy"), used.output("outcome")), (2, "refused"), "{used:#?}");
        assert!(used.errors()[0].contains(says), "{used:#?}");
        assert_eq!(shop.target.live_revision().as_deref(), Some("2222222"));
    }
    let used = confirmed("test");
    assert_eq!(
        (used.status("deploy"), used.output("outcome"), used.output("data")),
        (0, "committed", "restored"),
        "{used:#?}"
    );
    assert_eq!(shop.target.live_revision().as_deref(), Some("1111111"));
    assert_eq!(shop.target.data(), shop.target.before);
    let shown = shop.github.deployments().pop().expect("one");
    assert_eq!((shop.github.deployments().len(), shown.last()), (2, "success"), "{shown:#?}");
    assert!(shown.statuses.last().is_some_and(|(_, text)| text.contains("an earlier version is live")), "{shown:#?}");
    shop.left_nothing(&used);
}

#[test]
fn status_abort_and_settle_say_what_there_is() {
    let shop = Shop::new(Site::with_first());
    let says = |command: &str, shown: &str| {
        let used = shop.runner.start(&[("command", command), ("ssh-key", &shop.key)]).wait();
        assert_eq!((used.status("deploy"), used.status("finish")), (0, 0), "{used:#?}");
        assert!(used.summary.contains(shown) && used.log.contains(shown), "{command}: {used:#?}");
        shop.left_nothing(&used);
    };
    says("status", "the new version is live");
    says("abort", "no run is in progress");
    says("settle", "there is no unfinished run to settle");
}

#[test]
fn an_input_that_cannot_be_is_told_and_touches_nothing() {
    let shop = Shop::new(Site::with_first());
    let other = servers().bastion_known_hosts();
    let cases = [
        (("command", "drop"), 2, "it can be deploy, plan"),
        (("args", "'"), 2, "the input args"),
        (("args", "--no-such"), 2, "--no-such"),
        (("environment", "prod"), 2, "there is no environment `prod`"),
        (("working-directory", "no/such"), 2, "the input working-directory"),
        (("ssh-key", "not a key"), 3, "key"),
        (("known-hosts", other.as_str()), 3, "host key"),
    ];
    for (input, code, says) in cases {
        let used = shop.start(&[], &[input]).wait();
        assert_eq!((used.status("deploy"), used.output("outcome")), (code, "refused"), "{input:?}: {used:#?}");
        assert_eq!(used.errors().len(), 1, "{used:#?}");
        assert!(used.errors()[0].contains(says), "{says}: {used:#?}");
        assert!(used.summary.contains("refused"), "{used:#?}");
    }
    assert_eq!(shop.target.journals().len(), 1, "nothing was begun");
}

#[test]
fn a_drill_puts_its_report_in_the_summary_and_is_no_deployment() {
    let shop = Shop::new(Site::with_first());
    let rehearse = || {
        let inputs = [("command", "drill"), ("args", "--at smoke-fails"), ("ssh-key", &shop.key)];
        let used = shop.runner.start(&inputs).wait();
        assert_eq!(used.status("finish"), 0, "{used:#?}");
        assert!(shop.github.deployments().is_empty(), "{used:#?}");
        shop.left_nothing(&used);
        used
    };
    let used = rehearse();
    assert_eq!((used.status("deploy"), used.output("outcome")), (2, "refused"), "{used:#?}");
    assert!(used.errors()[0].contains("drills: true"), "{used:#?}");

    shop.target.edit_config("production: false\n", "production: false\n    drills: true\n");
    let used = rehearse();
    assert_eq!((used.status("deploy"), used.output("outcome"), used.errors().len()), (0, "passed", 0), "{used:#?}");
    assert!(used.output("summary").contains("passed; 1 of 1 points passed"), "{used:#?}");
    assert!(used.summary.contains("✅ passed") && used.summary.contains("| smoke-fails | passed |"), "{used:#?}");
    assert!(used.summary.contains("- ✅ data as before"), "{used:#?}");

    shop.target.edit_config("maintenance:", "objectives: { rollback: 1ms }\nmaintenance:");
    let used = rehearse();
    assert_eq!((used.status("deploy"), used.output("outcome"), used.errors().len()), (4, "findings", 1), "{used:#?}");
    assert!(used.errors()[0].contains("objective rollback"), "{used:#?}");
    assert!(used.summary.contains("❌ findings") && used.summary.contains("- ❌ objective rollback"), "{used:#?}");
    assert_eq!((shop.target.live_revision().as_deref(), shop.target.get("/").0), (Some("1111111"), 200));
    assert_eq!(shop.target.data(), shop.target.before);
}

#[test]
fn a_restore_test_says_what_it_found_and_not_that_a_run_did_well() {
    let shop = Shop::new(Site::with_mariadb());
    let backup = |args: &str| {
        let used = shop.runner.start(&[("command", "backup"), ("args", args), ("ssh-key", &shop.key)]).wait();
        assert_eq!(used.status("finish"), 0, "{used:#?}");
        shop.left_nothing(&used);
        used
    };
    let used = backup("verify --restore");
    assert_eq!((used.status("deploy"), used.output("outcome")), (0, ""), "{used:#?}");
    assert!(used.summary.contains("there is no archive to verify"), "{used:#?}");

    assert_eq!(backup("create").output("outcome"), "committed");
    let used = backup("verify --restore");
    assert_eq!((used.status("deploy"), used.output("outcome"), used.errors().len()), (0, "passed", 0), "{used:#?}");
    assert!(used.summary.contains("1 of 1 archives verified and restored"), "{used:#?}");

    let archive = shop.target.list(".backstay/copies").pop().expect("one");
    let folder = shop.target.path.join(".backstay/copies").join(archive).join("main");
    let object =
        super::files(&folder).into_iter().find(|file| file.extension().is_some_and(|e| e == "zst")).expect("one");
    std::fs::write(&object, "cut").expect("ours");
    let used = backup("verify --restore");
    assert_eq!((used.status("deploy"), used.output("outcome"), used.errors().len()), (4, "findings", 1), "{used:#?}");
    assert!(used.summary.contains("1 cannot be relied on") && used.summary.contains("is truncated"), "{used:#?}");
    assert!(used.summary.contains("❌ findings"), "{used:#?}");
}
