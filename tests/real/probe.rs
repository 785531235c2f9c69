//! `plan --probe`: what a person knows before a deploy, without one.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::support::{Site, as_user};

/// The one line of `plan --probe --json`.
fn probe(site: &Site, args: &[&str], code: i32) -> Value {
    let run = site.backstay(&[&["plan", "--probe", "--json"], args].concat()).is(code);
    assert_eq!(run.stdout.lines().filter(|line| line.contains("\"event\":\"probe\"")).count(), 1, "{}", run.stdout);
    serde_json::from_str(run.stdout.lines().last().unwrap_or_default()).expect("JSON")
}

fn migration(artifact: &Path, name: &str, text: &str) {
    fs::write(artifact.join("database/migrations").join(name), text).expect("ours");
}

const HEAD: &str = "<?php use Illuminate\\Database\\Migrations\\Migration; use Illuminate\\Support\\Facades\\DB; use Illuminate\\Support\\Facades\\Schema;";

#[test]
fn pending_migrations_are_told_with_their_sql_and_nothing_is_carried_out() {
    let site = Site::with_first();
    let before = (site.data(), site.list(".backstay/runs"), site.list("releases"));
    let artifact = site.artifact(&["good"], "2222222");
    let shown = artifact.to_str().expect("ours");
    let run = site.backstay(&["plan", "--probe", "--artifact", shown]).is(0);
    run.says("1 pending in the artifact")
        .says("alter table \"customers\" add column \"phone\" varchar")
        .says("create table \"phones\"")
        .says("update \"customers\" set \"phone\" = ?")
        .says("tables, ")
        .says("proof exact")
        .says("yes, while the data is sealed")
        .says("a rollback does not bring back: uploads")
        .says("none is unfinished")
        .says("a deploy would begin; nothing was changed");
    // --dry-run is the same
    let dry = site.backstay(&["deploy", "--dry-run", "--artifact", shown]).is(0);
    assert_eq!(dry.stdout, run.stdout);
    let found = probe(&site, &["--artifact", shown], 0);
    assert_eq!(found["pending"][0]["name"], "2026_02_01_000000_add_phone");
    assert!(found["pending"][0]["sql"].as_array().is_some_and(|sql| sql.len() == 3), "{found}");
    assert_eq!(found["maintenance_expected"], true);
    assert!(found["found"]["databases"][0]["size_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{found}");
    assert_eq!((site.data(), site.list(".backstay/runs"), site.list("releases")), before);
}

#[test]
fn a_migration_that_cannot_be_pretended_is_named_and_the_others_are_shown() {
    let site = Site::with_first();
    let before = site.data();
    let artifact = site.artifact(&["bad"], "2222222");
    let outside = site.marks.join("other.sqlite");
    // a class of its own name, as before Laravel 8.37; one that prints; one of another connection
    migration(
        &artifact,
        "2026_04_01_000000_add_fax_number.php",
        &format!(
            "{HEAD} class AddFaxNumber extends Migration {{ public function up() {{ echo \"refuse\\tno\\nremedy\\tno\\n\"; DB::statement('select 1 as \"\u{1b}[31m\u{202e}\"'); }} }}"
        ),
    );
    migration(
        &artifact,
        "2026_04_02_000000_needs_new_code.php",
        &format!(
            "{HEAD} return new class extends Migration {{ public function up() {{ App\\Services\\OnlyInTheNewRelease::run(); }} }};"
        ),
    );
    migration(
        &artifact,
        "2026_04_03_000000_elsewhere.php",
        &format!(
            "{HEAD} config(['database.connections.other' => ['driver' => 'sqlite', 'database' => '{}', 'prefix' => '']]); \
             return new class extends Migration {{ public function up() {{ DB::connection('other')->statement('create table leak (id int)'); }} }};",
            outside.display()
        ),
    );
    migration(
        &artifact,
        "2026_04_04_000000_many.php",
        &format!(
            "{HEAD} return new class extends Migration {{ public function up() {{ for ($n = 0; $n < 900; $n++) DB::statement(\"select $n\"); }} }};"
        ),
    );
    fs::write(&outside, "").expect("ours");
    migration(
        &artifact,
        "2026_04_05_000000_ends_it.php",
        &format!("{HEAD} return new class extends Migration {{ public function up() {{ exit(3); }} }};"),
    );
    migration(
        &artifact,
        "2026_04_06_000000_after_it.php",
        &format!(
            "{HEAD} return new class extends Migration {{ public function up() {{ DB::statement('select 2'); }} }};"
        ),
    );
    let shown = artifact.to_str().expect("ours");
    let run = site.backstay(&["plan", "--probe", "--artifact", shown]).is(0);
    run.says("7 pending in the artifact")
        .says("delete from \"orders\" where \"id\" > ?")
        .says("what follows is not known: RuntimeException: the migration dies half-way")
        .says("select 1 as \"\\u{1b}[31m\\u{202e}\"")
        .says("Class \"App\\Services\\OnlyInTheNewRelease\" not found")
        .says("[other] create table leak (id int)")
        .says("statements more")
        .says("its SQL is not known: PHP ended with exit 3")
        .says("its SQL is not known: an earlier one broke off");
    assert!(!run.stdout.contains("refused"), "{}", run.stdout);
    assert_eq!(site.data(), before);
    assert_eq!(fs::metadata(outside).expect("ours").len(), 0);
    let found = probe(&site, &["--artifact", shown], 0);
    let sql = |n: usize| found["pending"][n]["sql"].as_array().map_or(0, Vec::len);
    assert_eq!((0..7).map(sql).sum::<usize>(), 200);
}

#[test]
fn only_a_plan_that_was_asked_for_runs_the_code_of_migrations() {
    let site = Site::with_first();
    let artifact = site.artifact(&[], "2222222");
    let mark = site.marks.join("ran");
    migration(
        &artifact,
        "2026_04_01_000000_marks.php",
        &format!(
            "{HEAD} return new class extends Migration {{ public function up() {{ file_put_contents('{}', 'x', FILE_APPEND); }} }};",
            mark.display()
        ),
    );
    let shown = artifact.to_str().expect("ours");
    site.backstay(&["plan", "--artifact", shown]).is(0);
    assert!(!mark.exists());
    site.backstay(&["plan", "--probe", "--artifact", shown]).is(0).says("(no statement)");
    assert_eq!(fs::read_to_string(&mark).expect("it ran"), "x");
    // a deploy runs it once: as it migrates
    site.backstay(&["deploy", "--artifact", shown, "--revision", "2222222"]).is(0);
    assert_eq!(fs::read_to_string(&mark).expect("it ran"), "xx");
}

#[test]
fn what_a_killed_probe_has_left_goes_with_the_next() {
    let site = Site::with_first();
    let [old, new] = ["old", "new"].map(|age| format!("/tmp/backstay-probe.{}-{age}", site.port));
    as_user(&format!("mkdir -p {old}/secrets {new} && touch -d '2 hours ago' {old}"));
    probe(&site, &[], 0);
    let is_there = |folder: &str| Path::new(folder).exists();
    assert_eq!((is_there(&old), is_there(&new)), (false, true));
    as_user(&format!("rmdir {new}"));
}

#[test]
fn with_nothing_pending_users_would_see_no_maintenance() {
    let site = Site::with_first();
    let artifact = site.artifact(&[], "2222222");
    let shown = artifact.to_str().expect("ours");
    site.backstay(&["plan", "--probe", "--artifact", shown])
        .is(0)
        .says("none is pending")
        .says("users see no maintenance")
        .says("no downtime");
    let found = probe(&site, &["--artifact", shown], 0);
    assert_eq!((&found["pending"], &found["downtime"]["expected_ms"]), (&json!([]), &json!(0)));
    // without an artifact the new release is not known
    site.backstay(&["plan", "--probe"]).is(0).says("name it with --artifact");
    site.configure("maintenance: { when: always }\n");
    site.backstay(&["plan", "--probe", "--artifact", shown])
        .is(0)
        .says("maintenance.when: always")
        .says("not known before the first run with maintenance");
}

#[test]
fn the_downtime_is_expected_as_it_was_measured() {
    let site = Site::with_first();
    let measured = site.deploy_of(&["bad"], "2222222", &[]).is(10).outcome()["downtime_ms"].clone();
    let artifact = site.artifact(&["good"], "3333333");
    let shown = artifact.to_str().expect("ours");
    let found = probe(&site, &["--artifact", shown], 0);
    assert_eq!(found["downtime"]["measured_ms"], json!([measured]));
    site.backstay(&["plan", "--probe", "--artifact", shown]).is(0).says("as in the last run with maintenance");
}

#[test]
fn what_stands_against_a_deploy_is_told_at_once() {
    let site = Site::with_first();
    let live = fs::canonicalize(site.path.join("current")).expect("it is live");
    fs::rename(live.join("artisan"), live.join("artisan.away")).expect("ours");
    fs::set_permissions(site.path.join("shared"), std::os::unix::fs::PermissionsExt::from_mode(0o555)).expect("ours");
    let run = site.backstay(&["plan", "--probe"]).is(3);
    run.says("there is no artisan in").says("sudo chown").says("refused for the 2 reasons above");
    let found = probe(&site, &[], 3);
    assert_eq!((&found["refused"], found["refusals"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    assert_eq!(site.journals().len(), 1);
}

#[test]
fn a_run_in_progress_is_named_and_left_alone() {
    let site = Site::with_first();
    site.configure(&site.pause("before-migrate"));
    let artifact = site.artifact(&["good"], "3333333");
    let deploy = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("before-migrate");
    let run = site.backstay(&["plan", "--probe", "--artifact", artifact.to_str().expect("ours")]).is(75);
    run.says("is running since").says("is in progress");
    site.go_on("before-migrate");
    deploy.wait().is(0);
}

#[test]
fn a_first_deploy_is_planned_without_a_live_version() {
    let site = Site::new();
    let artifact = site.artifact(&["good"], "1111111");
    let run = site.backstay(&["plan", "--probe", "--artifact", artifact.to_str().expect("ours")]).is(0);
    run.says("2 pending in the artifact").says("no version is live yet that could be asked");
}

#[test]
fn an_unsettled_run_and_a_stuck_one_are_told_for_what_they_are() {
    let site = Site::with_first();
    let artifact = site.artifact(&["good"], "3333333");
    let shown = artifact.to_str().expect("ours");
    site.configure(&site.pause("before-migrate"));
    let deploy = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("before-migrate");
    site.kill_both(deploy);
    // a deploy would settle it first
    let run = site.backstay(&["plan", "--probe", "--artifact", shown]).is(0);
    run.says("is unsettled since").says("a deploy settles it first");
    site.backstay(&["settle"]).is(10);

    site.configure("hooks: { before-migrate: [ { do: \"true\", undo: \"false\" } ], after-migrate: [ \"false\" ] }\n");
    site.deploy_of(&["good"], "2222222", &[]).is(20);
    site.edit_config("preset: laravel", "preset: laravel\nphp: php9.9");
    let run = site.backstay(&["plan", "--probe", "--artifact", shown]).is(3);
    run.says("is stuck: ")
        .says("settle -e test --retry")
        .says("there is no command php9.9")
        .says("for the 2 reasons above");
    site.edit_config("php: php9.9", "php: php");
    site.backstay(&["settle", "--accept", "rolled-back", "--yes"]).is(10);
}
