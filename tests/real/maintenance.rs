//! What users see, for how long, and who may change that in the middle of a run.

use std::fs;

use serde_json::json;

use super::support::{Site, eventually, servers::text};

#[test]
fn a_run_that_takes_longer_than_maintenance_max_is_given_back() {
    let site = Site::with_first();
    let before = site.data();
    site.configure("maintenance: { drain: 0s, max: 2s }\n");
    let run = site.deploy_of(&["slow"], "2222222", &[]).is(10);
    let outcome = run.outcome();
    assert_eq!((&outcome["failed_step"], &outcome["data"]), (&json!("migrate"), &json!("restored")));
    run.says("users saw maintenance for longer than 2 s (maintenance.max)");
    assert_eq!(site.data(), before);
    assert_eq!(site.get("/").0, 200);
}

#[test]
fn with_maintenance_never_the_code_goes_back_and_migrated_data_stays() {
    let site = Site::with_first();
    let before = site.data();
    site.configure("maintenance: { when: never }\nsmoke: { checks: [ { http: /, body: no such page } ] }\n");
    let watch = site.watch();
    let run = site.deploy_of(&["good"], "2222222", &[]).is(10);
    run.says("migrated data stays");
    let outcome = run.outcome();
    let said = ["outcome", "data", "proof", "downtime_ms"].map(|key| outcome[key].clone());
    assert_eq!(json!(said), json!(["rolled-back", "kept-migrated", "none", 0]));
    assert!(site.data().contains("phone") && site.data() != before);
    assert_eq!(site.live_revision().as_deref(), Some("1111111"));
    site.configure("maintenance: { when: never }\n");
    site.deploy_of(&["good"], "3333333", &[]).is(0);
    assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200]);
}

#[test]
fn with_maintenance_always_users_see_it_though_nothing_is_pending() {
    let site = Site::with_first();
    let before = site.data();
    site.configure(&format!(
        "maintenance: {{ when: always, drain: 0s, retry_after: 77s }}\n{}",
        site.pause("before-switch")
    ));
    let watch = site.watch();
    let run = site.start_deploy(&[], "2222222", &[]);
    site.await_pause("before-switch");
    let (status, head) = site.head("/");
    assert_eq!(status, 503);
    assert!(head.to_lowercase().contains("retry-after: 77"), "{head}");
    site.go_on("before-switch");
    let outcome = run.wait().is(0).outcome();
    assert_eq!(outcome["data"], "untouched");
    assert!(outcome["downtime_ms"].as_u64().is_some_and(|ms| ms > 0), "{outcome}");
    assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200, 503]);
    assert_eq!(site.data(), before);

    let outcome = site.deploy_of(&["broken"], "3333333", &[]).is(10).outcome();
    assert_eq!((&outcome["data"], &outcome["maintenance"]), (&json!("untouched"), &json!(false)));
    assert_eq!((site.get("/").0, site.data()), (200, before));
}

#[test]
fn what_a_request_writes_that_was_already_running_is_drained_and_kept() {
    let site = Site::with_first();
    site.configure(&format!("maintenance: {{ drain: 3s }}\n{}", site.pause("before-maintenance-on")));
    let run = site.start_deploy(&["bad"], "2222222", &[]);
    site.await_pause("before-maintenance-on");
    std::thread::scope(|scope| {
        let request = scope.spawn(|| site.get("/slow-order"));
        eventually("the request runs", || site.path.join("shared/storage/slow-order").exists());
        site.go_on("before-maintenance-on");
        assert_eq!(request.join().expect("it only asks").0, 200);
    });
    run.wait().is(10);
    // sealed after it had finished, so the rollback brings it back
    assert!(site.data().contains("'slow'"), "{}", site.data());
}

#[test]
fn maintenance_that_somebody_lifts_is_seen_before_migrate_and_before_the_commit() {
    let site = Site::with_first();
    let before = site.data();
    for (hook, failed) in [("before-protect", "protect"), ("before-migrate", "migrate"), ("after-migrate", "smoke")] {
        site.configure(&format!("hooks: {{ {hook}: [ \"php artisan up\" ] }}\n"));
        let run = site.deploy_of(&["good"], "2222222", &[]).is(10);
        assert_eq!(run.outcome()["failed_step"], failed, "{hook}");
        run.says("not in maintenance any more: something has lifted it");
        assert_eq!(site.data(), before, "{hook}");
        let (status, page) = site.get("/");
        assert_eq!((status, page.contains("1111111")), (200, true), "{hook}: {page}");
    }
}

#[test]
fn maintenance_that_somebody_lifts_is_put_back_before_the_data_are() {
    let site = Site::with_first();
    let mark = text(&site.marks.join("down"));
    // its undo follows the one that gives the data back
    site.configure(&format!(
        "hooks:\n  before-protect: [ {{ do: \"true\", undo: \"cp storage/framework/down '{mark}'\" }} ]\n  \
         after-migrate: [ \"php artisan up\" ]\n"
    ));
    site.deploy_of(&["good"], "2222222", &[]).is(10);
    assert!(fs::read_to_string(&mark).expect("it was on by then").contains("\"secret\""));
    assert_eq!(site.get("/").0, 200);
}

#[test]
fn routes_that_maintenance_leaves_open_are_named() {
    let site = Site::with_first();
    site.deploy_of(&["good"], "2222222", &[]).is(0).says("leaves these routes open ($except)").says("webhook");
    site.backstay(&["plan", "--probe"]).is(0).says("webhook");
}
