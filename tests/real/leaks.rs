//! Somebody writes to the data once they are sealed, and is not the migration.

use std::fs;

use serde_json::json;

use super::support::{Running, Site, as_user, eventually};

/// `migrate` waits where it asks whether the workers are stopped still: behind every hook, before it looks for leaks.
fn held_before_migrate(site: &Site, more: &str) {
    let (check, mark) = (site.marks.join("check"), site.marks.join("sealed").display().to_string());
    let script = format!(
        "[ -e \"$BACKSTAY_STATE/db-main/sealed\" ] && [ ! -e {mark} ] || exit 1\ntouch {mark}\n\
         n=0; until [ -e {mark}.go ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n + 1)); done\nexit 1\n"
    );
    fs::write(&check, script).expect("ours");
    site.configure(&format!(
        "workers: [ {{ kind: command, start: \"true\", stop: \"true\", check: \"sh {}\" }} ]\n{more}",
        check.display()
    ));
}

/// A deploy that is sealed and has not migrated; then something happens, and it goes on.
fn deploy_around(site: &Site, revision: &str, happens: impl FnOnce()) -> Running {
    site.forget_pause("sealed");
    let run = site.start_deploy(&["good"], revision, &[]);
    site.await_pause("sealed");
    happens();
    site.go_on("sealed");
    run
}

fn on_leak(what: &str) -> String {
    format!("maintenance: {{ drain: 0s, on_leak: {what} }}\n")
}

/// Nothing that a run has left on the target or said holds the text.
#[track_caller]
fn assert_never_told(site: &Site, text: &str) {
    let found = as_user(&format!("grep -rlF {text} '{}/.backstay' || :", site.path.display()));
    assert_eq!(found, "", "{text} is written down");
}

#[test]
fn what_is_written_between_seal_and_migration_is_a_leak_on_mariadb_and_is_not_lost() {
    let site = Site::with_mariadb();
    let schema = site.schema();
    let admin = format!("databases: {{ main: {{ admin: {} }} }}\n", schema.admin_file(&site.marks));
    held_before_migrate(&site, &format!("{admin}{}", on_leak("refuse")));
    // a webhook: it has come and gone when somebody looks
    let run = deploy_around(&site, "2222222", || {
        schema.query_as_app("UPDATE customers SET name = 'paid' WHERE id = 1");
    });
    let run = run.wait().is(10);
    run.says("rows were written to customers").says("maintenance.on_leak").says("the data stay as they are");
    let outcome = run.outcome();
    let said = ["failed_step", "data", "maintenance"].map(|key| outcome[key].clone());
    assert_eq!(json!(said), json!(["migrate", "untouched", false]));
    assert!(schema.query("SELECT name FROM customers WHERE id = 1").contains("paid"), "the leak is lost");
    assert!(!site.data().contains("phone") && schema.beside().iter().all(|name| !name.contains("__failed_")));

    // who only reads is none
    let reads = deploy_around(&site, "3333333", || {
        schema.query_as_app("SELECT * FROM customers");
    });
    reads.wait().is(0);

    held_before_migrate(&site, &format!("{admin}{}", on_leak("warn")));
    fs::write(site.path.join("shared/storage/go-on"), "").expect("ours");
    site.forget_pause("sealed");
    let run = site.start_deploy(&["good", "slow"], "4444444", &[]);
    site.await_pause("sealed");
    schema.query_as_app("UPDATE customers SET name = 'paid twice' WHERE id = 1");
    site.go_on("sealed");
    run.wait().is(0).says("rows were written to customers");
}

#[test]
fn who_works_on_the_data_after_the_migration_is_named_without_what_they_write() {
    let site = Site::with_mariadb();
    let schema = site.schema();
    let before = site.data();
    // the app's own account sees itself
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    let writer = schema.start_as_app("UPDATE customers SET name = 'topsecret' WHERE SLEEP(1000) = 0");
    eventually("it runs", || schema.works_on("topsecret"));
    site.go_on("after-migrate");
    let run = run.wait().is(10);
    run.says(&format!("of {}@127.0.0.1: UPDATE customers SET name = …", schema.name));
    let outcome = run.outcome();
    assert_eq!((&outcome["failed_step"], &outcome["data"]), (&json!("smoke"), &json!("restored")));
    drop(writer);
    assert_eq!(site.data(), before);
    assert!(!run.stdout.contains("topsecret") && !run.stderr.contains("topsecret"));
    assert_never_told(&site, "topsecret");

    // an administrator's sees everybody, in whatever schema they are
    let other = schema.other_account();
    let admin = format!("databases: {{ main: {{ admin: {} }} }}\n", schema.admin_file(&site.marks));
    site.forget_pause("after-migrate");
    site.configure(&format!("{admin}{}{}", on_leak("warn"), site.pause("after-migrate")));
    let run = site.start_deploy(&["good"], "3333333", &[]);
    site.await_pause("after-migrate");
    let idle = schema.start_as(&other, "", &format!("SELECT SLEEP(1000) FROM {}.customers", schema.name));
    let writing = schema.start_as(
        &other,
        &schema.name,
        "START TRANSACTION; UPDATE orders SET note = 'topsecret' WHERE id = 1; SELECT SLEEP(1000)",
    );
    eventually("they run", || schema.works_as(&other, "SLEEP") == 2);
    site.go_on("after-migrate");
    let run = run.wait().is(0);
    run.says(&format!("of {other}@127.0.0.1: SELECT SLEEP…"));
    drop((idle, writing));
    assert_never_told(&site, "topsecret");
}

#[test]
fn a_leak_is_found_on_postgres_by_what_is_counted_and_by_sessions() {
    let site = Site::with_postgres();
    let database = site.database();
    held_before_migrate(&site, &on_leak("refuse"));
    let run = deploy_around(&site, "2222222", || {
        database.query_as_app("UPDATE customers SET name = 'paid' WHERE id = 1");
    });
    let run = run.wait().is(10);
    run.says("rows were written to public.customers").says("the data stay as they are");
    assert_eq!(run.outcome()["data"], "untouched");
    assert!(database.query("SELECT name FROM customers WHERE id = 1").contains("paid"), "the leak is lost");

    let before = site.data();
    let other = format!("other_{}", database.name);
    database.query(&format!("CREATE ROLE {other} LOGIN; GRANT {other} TO {}", database.name));
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "3333333", &[]);
    site.await_pause("after-migrate");
    let idle = database.start_as(&other, "SELECT pg_sleep(1000)");
    let app = &database.name;
    let writing = database
        .start_as(app, "BEGIN; UPDATE orders SET note = 'topsecret' WHERE id = 1; SELECT 'topsecret', pg_sleep(1000)");
    let has_written = format!("SELECT 1 FROM pg_stat_activity WHERE usename = '{app}' AND backend_xid IS NOT NULL");
    eventually("they run", || database.sessions_of(&other) == 1 && !database.query(&has_written).is_empty());
    site.go_on("after-migrate");
    let run = run.wait().is(10);
    run.says(&format!("of {other}: ")).says(&format!("of {app}: BEGIN; UPDATE orders SET note = …"));
    assert_eq!(run.outcome()["failed_step"], "smoke");
    drop((idle, writing));
    assert!(site.data() == before, "it was not given back");
    assert_never_told(&site, "topsecret");
}

#[test]
fn a_leak_into_sqlite_is_found_and_not_lost_and_a_hooks_writes_are_none() {
    let site = Site::with_first();
    let file = site.path.join("shared/storage/app/shop.sqlite");
    let write = |name: &str| {
        as_user(&format!("sqlite3 {} \"UPDATE customers SET name = '{name}' WHERE id = 1\"", file.display()));
    };
    held_before_migrate(&site, &on_leak("refuse"));
    let run = deploy_around(&site, "2222222", || write("paid")).wait().is(10);
    run.says("rows were written to").says("shop.sqlite").says("the data stay as they are");
    assert_eq!(run.outcome()["data"], "untouched");
    assert!(site.data().contains("paid"), "the leak is lost");

    // what a hook of the deploy writes in between is the deploy's own, and is taken back with it
    let before = site.data();
    let hook = format!(
        "hooks:\n  after-protect: [ \"sqlite3 {} \\\"UPDATE customers SET name = 'hooked' WHERE id = 1\\\"\" ]\n",
        file.display()
    );
    site.configure(&hook);
    let outcome = site.deploy_of(&["bad"], "3333333", &[]).is(10).outcome();
    assert_eq!((&outcome["failed_step"], &outcome["data"]), (&json!("migrate"), &json!("restored")));
    assert_eq!(site.data(), before);
    site.deploy_of(&["good"], "4444444", &[]).is(0);
    assert!(site.data().contains("hooked"));
}

#[test]
fn who_comes_between_the_checks_and_the_commit_is_a_leak() {
    let site = Site::with_mariadb();
    let schema = site.schema();
    let before = site.data();
    let other = schema.other_account();
    let admin = schema.admin_file(&site.marks);
    site.configure(&format!("databases: {{ main: {{ admin: {admin} }} }}\n{}", site.pause("after-smoke")));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-smoke");
    // every check on the target is made; the verdict waits for the runner
    run.signal("-STOP");
    site.go_on("after-smoke");
    eventually("it waits for the verdict", || {
        site.journals().last().is_some_and(|journal| journal.contains(" await #"))
    });
    let statements = "START TRANSACTION; UPDATE orders SET note = 'topsecret' WHERE id = 1; SELECT SLEEP(1000)";
    let writing = schema.start_as(&other, &schema.name, statements);
    eventually("it has written", || schema.works_as(&other, "SLEEP") == 1);
    run.signal("-CONT");
    let run = run.wait().is(10);
    run.says(&format!("of {other}@127.0.0.1: SELECT SLEEP…"));
    let outcome = run.outcome();
    assert_eq!((&outcome["failed_step"], &outcome["data"]), (&json!("smoke"), &json!("restored")));
    drop(writing);
    assert!(site.data() == before, "it was not given back");
}
