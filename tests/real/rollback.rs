//! Going back after the commit.

use serde_json::json;

use super::support::Site;

#[test]
fn going_back_over_a_migration_needs_a_word_and_brings_back_the_data() {
    let site = Site::with_first();
    let before = site.data();
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    let after = site.data();
    site.backstay(&["rollback", "--json"]).is(2).says("--discard-writes");

    let back = site.backstay(&["rollback", "--json", "--discard-writes"]).is(0);
    let outcome = back.outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("committed"), &json!("restored")));
    back.says("The earlier version is live with the data that it had.");
    assert_eq!(site.data(), before);
    assert!(site.get("/").1.contains("1111111"));
    assert_eq!(site.get("/").0, 200);

    // and forward again, over that rollback
    site.deploy_of(&["good"], "3333333", &[]).is(0);
    assert_eq!(site.data().replace("3333333", "2222222").len(), after.len());
    let back = site.backstay(&["rollback", "--json", "--code-only"]).is(0);
    assert_eq!(back.outcome()["data"], json!("kept-migrated"));
    back.says("The earlier version is live, the data stays migrated.");
    assert!(site.data().contains("phone"));
    assert!(site.get("/").1.contains("1111111"));
}

#[test]
fn a_rollback_that_fails_its_checks_is_rolled_back_itself() {
    let site = Site::with_first();
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    let migrated = site.data();
    site.configure("smoke: { checks: [ { http: /, body: \"shop 2222222\" } ] }\n");
    let run = site.backstay(&["rollback", "--json", "--discard-writes"]).is(10);
    assert_eq!(run.outcome()["data"], json!("restored"));
    assert_eq!(site.data(), migrated);
    assert!(site.get("/").1.contains("2222222"));
}

#[test]
fn there_is_nothing_before_the_first_release() {
    let site = Site::with_first();
    site.backstay(&["rollback", "--json", "--code-only"]).is(3).says("there was no release");
    site.backstay(&["rollback", "--json", "--undo", "20200101T000000Z-abcdefa"])
        .is(3)
        .says("not among the committed runs");
}

#[test]
fn after_a_commit_without_migrations_going_back_needs_no_word() {
    let site = Site::with_first();
    let before = site.data();
    site.deploy("2222222", &[]).is(0);
    let watch = site.watch();
    let outcome = site.backstay(&["rollback", "--json"]).is(0).outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("committed"), &json!("untouched")));
    assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200]);
    assert_eq!((site.live_revision().as_deref(), site.data()), (Some("1111111"), before));
    // and there is nothing before that
    site.backstay(&["rollback", "--json"]).is(3).says("there was no release").says("nothing to go back to");
    assert_eq!(site.live_revision().as_deref(), Some("1111111"));
}

#[test]
fn going_back_over_several_runs_brings_back_the_data_from_before_the_oldest() {
    let site = Site::with_first();
    let before = site.data();
    let migrated = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    site.configure("databases: { main: { keep_copies: 3 } }\n");
    site.deploy_of(&["good"], "3333333", &[]).is(0);
    let run = migrated["run"].as_str().expect("a run").to_owned();
    let live = site.data();
    site.backstay(&["rollback", "--undo", &run]).is(2).says("--discard-writes").says(&run);
    assert_eq!((site.live_revision().as_deref(), site.data()), (Some("3333333"), live));

    // what users wrote since is not on the live site any more, and a copy of it is kept
    assert_eq!(site.get("/slow-order").0, 200);
    let outcome = site.backstay(&["rollback", "--json", "--undo", &run, "--discard-writes"]).is(0).outcome();
    assert_eq!((outcome["outcome"].as_str(), site.live_revision().as_deref()), (Some("committed"), Some("1111111")));
    assert_eq!(site.data(), before);
    let own = outcome["run"].as_str().expect("a run");
    let copy = site.path.join(format!(".backstay/copies/{own}/main.sqlite"));
    let kept = std::process::Command::new("sqlite3").arg(copy).arg("SELECT note FROM orders").output();
    assert!(String::from_utf8_lossy(&kept.expect("it reads").stdout).contains("slow"));
}

#[test]
fn what_going_back_takes_is_looked_for_before_users_see_anything() {
    let site = Site::with_first();
    let first = std::fs::canonicalize(site.path.join("current")).expect("it is live");
    let deployed = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    let run = deployed["run"].as_str().expect("a run");
    let copy = site.path.join(format!(".backstay/copies/{run}/main.sqlite"));
    let (data, watch) = (site.data(), site.watch());
    std::fs::rename(&copy, copy.with_extension("away")).expect("it was kept");
    site.backstay(&["rollback", "--json", "--discard-writes"]).is(3).says("keep_copies").says("--code-only");
    std::fs::rename(copy.with_extension("away"), &copy).expect("ours");
    std::fs::rename(&first, first.with_extension("away")).expect("it was kept");
    site.backstay(&["rollback", "--json", "--code-only"]).is(3).says("not on the target any more").says("1111111");
    assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200]);
    assert_eq!((site.journals().len(), site.data()), (2, data));
}

#[test]
fn in_production_discarding_writes_asks_for_the_environments_name() {
    let site = Site::with_first();
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    let migrated = site.data();
    site.edit_config("production: false", "production: true");
    site.backstay(&["rollback", "--discard-writes"]).is(2).says("--yes");
    assert_eq!(site.data(), migrated);
    site.backstay(&["rollback", "--discard-writes", "--yes"]).is(0);
    assert_ne!(site.data(), migrated);
}
