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

    let outcome = site.backstay(&["rollback", "--json", "--discard-writes"]).is(0).outcome();
    assert_eq!(outcome["outcome"], "committed");
    assert_eq!(site.data(), before);
    assert!(site.get("/").1.contains("1111111"));
    assert_eq!(site.get("/").0, 200);

    // and forward again, over that rollback
    site.deploy_of(&["good"], "3333333", &[]).is(0);
    assert_eq!(site.data().replace("3333333", "2222222").len(), after.len());
    let outcome = site.backstay(&["rollback", "--json", "--code-only"]).is(0).outcome();
    assert_eq!(outcome["data"], json!("untouched"));
    assert!(site.data().contains("phone"));
    assert!(site.get("/").1.contains("1111111"));
}

#[test]
fn a_rollback_that_fails_its_checks_is_rolled_back_itself() {
    let site = Site::with_first();
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    let migrated = site.data();
    site.configure("smoke: { checks: [ { http: /, body: \"shop 2222222\" } ] }\n");
    site.backstay(&["rollback", "--json", "--discard-writes"]).is(10);
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
