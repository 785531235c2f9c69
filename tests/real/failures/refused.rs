//! What a look at the target finds is refused with its reason and its remedy, before anything is changed.

use super::Target;
use crate::support::{OwnMariaDb, Site, servers};

/// A deploy and a plan say the same, and nothing is there afterwards that was not there before.
#[track_caller]
fn assert_refused(target: &Target, reason: &str, remedy: &str) {
    let seen = || (target.data(), target.get("/"), target.list("releases"), target.list(".backstay/runs"));
    let before = seen();
    let run = target.start(&["good"]).wait().is(3);
    let outcome = run.outcome();
    assert_eq!(outcome["outcome"], "refused", "{outcome}");
    assert!(outcome["reason"].as_str().is_some_and(|told| told.contains(reason)), "{outcome}");
    run.says(reason).says(remedy).says("Nothing was changed.");
    target.backstay(&["plan", "--probe"]).is(3).says(reason).says(remedy);
    assert!(seen() == before, "nothing is changed");
    assert_eq!(target.crontab(), "");
    let schema = target.schema();
    assert!(schema.beside().iter().all(|name| name.ends_with("1111111")), "{:?}", schema.beside());
}

/// What stands in the way is gone: the same deploy is made.
#[track_caller]
fn assert_deployed(target: &Target) {
    target.start(&["good"]).wait().is(0);
}

#[test]
fn a_disk_that_is_too_small_is_refused() {
    let (site, disk) = Site::on_disk(100);
    let target = Target::new(site);
    disk.fill(20 * 1024);
    assert_refused(&target, "the target's disk has ", "make room there: old releases (release.keep)");
    disk.empty();
    assert_deployed(&target);
}

#[test]
fn a_disk_of_the_database_server_that_is_too_small_is_refused() {
    let (own, disk) = OwnMariaDb::on_disk(servers().folder.join("mariadb-small"), 250);
    let target = Target::new(Site::on(own.0));
    disk.fill(20 * 1024);
    assert_refused(&target, "database main: the server's disk has ", "make room in ");
    disk.empty();
    assert_deployed(&target);
}

#[test]
fn a_foreign_key_from_another_schema_is_refused() {
    let target = Target::new(Site::with_mariadb());
    let schema = target.schema();
    let other = format!("reports_{}", target.port);
    schema.query(&format!(
        "CREATE DATABASE {other}; CREATE TABLE {other}.sums (customer BIGINT UNSIGNED, CONSTRAINT of_shop FOREIGN KEY (customer) REFERENCES `{}`.customers (id))",
        schema.name
    ));
    // who sees the other schema sees its keys
    schema.query(&format!("GRANT ALL ON {other}.* TO {}", schema.account()));
    let reason = format!("a foreign key of another schema points here: {other}.sums (of_shop) to customers");
    assert_refused(&target, &reason, "drop that key");
    schema.query(&format!("REVOKE ALL ON {other}.* FROM {}", schema.account()));
    let admin = schema.admin_file(&target.marks);
    target.configure(&format!("databases: {{ main: {{ admin: {admin} }} }}\n"));
    assert_refused(&target, &reason, "drop that key");
    schema.query(&format!("ALTER TABLE {other}.sums DROP FOREIGN KEY of_shop"));
    assert_deployed(&target);
    schema.query(&format!("DROP DATABASE {other}"));
}

#[test]
fn another_session_on_the_data_is_refused_or_told_where_that_is_asked_for() {
    let target = Target::new(Site::with_mariadb());
    let schema = target.schema();
    let admin = format!("databases: {{ main: {{ admin: {} }} }}\n", schema.admin_file(&target.marks));
    target.configure(&admin);
    let _other = schema.start_as_root("SELECT SLEEP(1000)");
    let reason = format!("another account works on {}: root@localhost (1 session)", schema.name);
    assert_refused(&target, &reason, "stop it for the deploy");
    target.configure(&format!("{admin}maintenance: {{ drain: 0s, on_leak: warn }}\n"));
    target.start(&["good"]).wait().is(0).says(&reason);
}
