//! What a backup command is refused for, and what it plans, from a configuration and facts alone.

use super::{
    Backup, BackupKind, BackupRequest, Elsewhere, Facts, Plan, Refusal, RestoreFrom, build_backup,
    database::Connection,
    tests::{config, request},
};

fn backup(kind: BackupKind, run: &str, database: &str) -> Backup {
    Backup {
        kind,
        run: run.to_owned(),
        database: database.to_owned(),
        engine: "postgres".to_owned(),
        source: "shop".to_owned(),
        created_ms: None,
        size_bytes: None,
        looked_at: None,
        faults: Vec::new(),
    }
}

/// Live, on that driver, with an archive and a copy.
fn facts(driver: &str) -> Facts {
    let connection = Connection { driver: driver.to_owned(), database: "shop".to_owned(), host: String::new() };
    Facts {
        probed: true,
        live: Some("/srv/shop/releases/two".to_owned()),
        current: Some("releases/two".to_owned()),
        connections: vec![("main".to_owned(), connection)],
        backups: vec![
            backup(BackupKind::Archive, "one", "main"),
            backup(BackupKind::Copy, "two", "main"),
            backup(BackupKind::Archive, "two", "main"),
            backup(BackupKind::Archive, "three", "gone"),
        ],
        ..Facts::default()
    }
}

fn named(name: &str, archive: bool) -> BackupRequest {
    BackupRequest::Restore(RestoreFrom::Named { name: name.to_owned(), archive })
}

#[track_caller]
fn assert_refused(made: Result<Plan, Vec<Refusal>>, reason: &str) {
    let refusals = made.expect_err("it is refused");
    assert!(refusals.iter().any(|refusal| refusal.reason.contains(reason)), "{refusals:?}");
}

fn steps(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.name.as_str()).collect()
}

#[test]
fn what_cannot_be_archived_is_left_out_and_said_and_refused_where_nothing_is_left() {
    let create = |more: &str, facts: &Facts| build_backup(&config(more), facts, &request(), &BackupRequest::Create);
    let never = create("maintenance: { when: never }", &facts("pgsql")).expect("a backup needs no maintenance");
    assert_eq!(steps(&never), ["settings", "archive"]);
    let plan = create("databases: { main: {}, more: { engine: none } }", &facts("pgsql")).expect("one of two");
    assert_eq!(plan.databases.len(), 1);
    assert!(plan.warnings[0].contains("more cannot be archived: it is not protected"), "{:?}", plan.warnings);
    let own = "databases: { main: { engine: { command: { backup: x, restore: y } } } }";
    assert_refused(create(own, &facts("pgsql")), "commands of your own");
    assert_refused(create("", &facts("sqlsrv")), "cannot do that for");
    assert_refused(create("databases: {}", &facts("pgsql")), "no database is declared");
    assert_refused(create("", &Facts { live: None, ..facts("pgsql") }), "no version is live");
}

#[test]
fn a_copy_comes_before_an_archive_of_the_same_run_unless_the_archive_is_asked_for() {
    let restore = |request_of: &BackupRequest| build_backup(&config(""), &facts("pgsql"), &request(), request_of);
    let of_copy = restore(&named("two", false)).expect("it is there");
    assert!(of_copy.params.contains(&("RESTORE_OF", "two".to_owned())) && !steps(&of_copy).contains(&"load"));
    let of_archive = restore(&named("two/main", true)).expect("it is there");
    assert!(of_archive.params.contains(&("ARCHIVE_OF", "two".to_owned())));
    let expected = [
        "pending",
        "settings",
        "verify",
        "copy",
        "load",
        "workers-stop",
        "maintenance-on",
        "protect",
        "restore",
        "smoke",
    ];
    assert_eq!(steps(&of_archive), expected, "what comes back is whole and loaded before users see anything");
    assert_refused(restore(&named("three", false)), "gone is not declared");
    let never = config("maintenance: { when: never }");
    assert_refused(
        build_backup(&never, &facts("pgsql"), &request(), &named("one", false)),
        "maintenance.when is never",
    );
}

#[test]
fn statements_are_judged_as_the_engine_reads_them_that_they_are_for() {
    let statements = |mysql: &str, qualifier: &str| {
        let mysql = Elsewhere { faults: vec![mysql.to_owned()], qualifiers: vec![qualifier.to_owned()] };
        let (file, database) = ("shop.sql".to_owned(), None);
        BackupRequest::Restore(RestoreFrom::Statements { file, database, mysql, postgres: Elsewhere::default() })
    };
    let restore =
        |driver: &str, more: &str, from: &BackupRequest| build_backup(&config(more), &facts(driver), &request(), from);
    assert_refused(restore("mysql", "", &statements("line 3: USE live", "t")), "shop.sql, line 3: USE live");
    assert_refused(restore("mysql", "", &statements("x", "SHOP")), "names `shop` before a dot");
    let plan = restore("pgsql", "", &statements("line 3: USE live", "shop")).expect("PostgreSQL reads it otherwise");
    assert!(plan.takes_upload());
    let two = "databases: { main: { engine: sqlite }, more: { engine: sqlite } }";
    assert_refused(restore("sqlite", two, &statements("x", "x")), "one of several databases");
}
