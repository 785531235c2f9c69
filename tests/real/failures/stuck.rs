//! Neither state can be reached: the site stays in maintenance, nothing is overwritten, and there are two ways out.

use super::{End, Target};
use crate::support::{Running, Site};

/// A run that is given back in the end, and where something happens before that.
fn failing() -> (Target, Running) {
    let target = Target::new(Site::with_mariadb());
    target.configure("smoke: { checks: [ { http: /orders, body: never } ] }\n");
    let run = target.deploy_until("before-switch", &["good"]);
    (target, run)
}

/// The run cannot go back. What holds until a person has acted.
#[track_caller]
fn assert_stuck(target: &Target, run: Running, migrated: &str, why: &str) {
    target.cut(|| target.go_on("before-switch"));
    let run = run.wait().is(20);
    run.says(why);
    run.says("STUCK").says("backstay settle -e test --retry");
    println!("{}", run.stderr);
    target.judge(End::Stuck);
    let refused = target.deploy("3333333", &[]).is(3);
    refused.says("is stuck").says("backstay settle -e test --retry");
    println!("{}", refused.stderr);
    let settled = target.backstay(&["settle"]).is(20);
    println!("{}", settled.stderr);
    let retried = target.backstay(&["settle", "--retry"]).is(20);
    println!("{}", retried.stderr);
    target.judge(End::Stuck);
    assert_eq!(target.data(), migrated, "nothing is overwritten");
}

#[test]
fn what_the_database_denies_is_retried_once_it_is_granted() {
    let (target, run) = failing();
    let migrated = target.data();
    target.schema().deny_copies();
    assert_stuck(&target, run, &migrated, "cannot be read: ERROR 1044");
    target.schema().allow_copies();
    target.cut(|| target.backstay(&["settle", "--retry", "--json"])).is(10);
    target.judge(End::RolledBack);
    target.backstay(&["settle"]).is(0);
}

#[test]
fn without_the_copy_a_person_has_the_last_word() {
    let (target, run) = failing();
    let migrated = target.data();
    for copy in target.schema().beside().iter().filter(|name| name.ends_with("2222222")) {
        target.schema().query(&format!("DROP DATABASE `{copy}`"));
    }
    assert_stuck(&target, run, &migrated, "cannot be read: ERROR 1049");
    // a person has looked: the data is migrated, the old code is live
    target.backstay(&["settle", "--accept", "rolled-back"]).is(2).says("--yes");
    let accepted = target.backstay(&["settle", "--accept", "rolled-back", "--yes"]).is(10);
    println!("{}", accepted.stderr);
    assert!(target.journals().last().expect("a run").contains(" accept rolled-back tester"));
    assert_eq!((target.get("/").0, target.data()), (200, migrated));
    assert_eq!(target.live_revision().as_deref(), Some("1111111"));
    target.tells_everywhere("rolled-back");
    target.backstay(&["settle"]).is(0);
}
