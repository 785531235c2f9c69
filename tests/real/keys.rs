//! The same key twice, and two deploys at a time.

use super::support::Site;

#[test]
fn the_same_key_answers_with_the_earlier_outcome() {
    let site = Site::with_mariadb();
    let first = site.deploy("2222222", &["--key", "job 7/3"]).is(0).outcome();
    let runs = site.journals().len();
    let again = site.deploy("2222222", &["--key", "job 7/3"]).is(0).outcome();
    assert_eq!((&again["outcome"], &again["run"]), (&first["outcome"], &first["run"]));
    assert_eq!(site.journals().len(), runs);

    let other = site.deploy("3333333", &["--key", "job 7/3"]).is(2);
    other.says("another artifact");
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
}

#[test]
fn a_key_that_rolled_back_runs_again() {
    let site = Site::with_mariadb();
    site.configure("smoke: { checks: [ { http: /orders, body: never } ] }\n");
    site.deploy("2222222", &["--key", "k"]).is(10);
    let runs = site.journals().len();
    site.deploy("2222222", &["--key", "k"]).is(10);
    assert_eq!(site.journals().len(), runs + 1);
}

#[test]
fn a_second_deploy_is_told_who_what_and_since_when() {
    let site = Site::with_mariadb();
    site.configure(&site.pause("before-migrate"));
    let first = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("before-migrate");
    let second = site.deploy("3333333", &[]).is(75);
    let outcome = second.outcome();
    assert_eq!((&outcome["outcome"], &outcome["maintenance"]), (&"locked".into(), &true.into()));
    let reason = outcome["reason"].as_str().expect("a text").to_owned();
    for part in ["tester@", "deploy of revision 2222222", "since 20"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    assert_eq!(site.backstay(&["status", "--json", "--exit-code"]).is(75).stdout.matches("before-migrate").count(), 1);
    site.go_on("before-migrate");
    first.wait().is(0);
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
    site.backstay(&["status", "--exit-code"]).is(0).says("committed");
    let history = site.backstay(&["history"]).is(0);
    assert_eq!(history.stdout.lines().count(), 2, "{}", history.stdout);
    site.backstay(&["logs", "migrate"]).is(2);
    let newest = site.list(".backstay/runs").pop().expect("a run");
    site.backstay(&["logs", &newest, "migrate"]).is(0).says("add_phone");
}
