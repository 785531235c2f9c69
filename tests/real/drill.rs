//! `backstay drill`: a rehearsal proves what it says, on each kind of database, and leaves nothing behind.

use std::fs;

use serde_json::Value;

use crate::{
    cases::each_case,
    support::{Finished, Site},
};

/// A site where drills are allowed.
fn rehearsed(site: Site, more: &str) -> Site {
    site.configure(more);
    site.edit_config("    production: false\n", "    production: false\n    drills: true\n");
    site
}

/// What a drill may not change: data, code, what stands beside them, the guard.
fn state_of(site: &Site) -> (String, Vec<String>, Option<String>, Vec<String>, String, u16) {
    let copies = site.list(".backstay/copies");
    let seen = [site.beside(), copies].concat();
    (site.data(), site.list("releases"), site.live_revision(), seen, site.crontab(), site.get("/").0)
}

fn drill(site: &Site, args: &[&str]) -> Finished {
    site.backstay(&[&["drill", "--json", "--report", "drill.md"], args].concat())
}

/// The report's points by their names.
fn report(site: &Site) -> Value {
    let text = fs::read_to_string(site.runner.join("drill.json")).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

#[track_caller]
fn point<'a>(report: &'a Value, name: &str) -> &'a Value {
    let points = report["points"].as_array().expect("points");
    points.iter().find(|point| point["point"] == name).unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

#[test]
fn every_point_is_green_on_sqlite_and_nothing_is_left() {
    let site = rehearsed(Site::with_first(), "objectives: { rollback: 2m, downtime: 5m }\n");
    let before = state_of(&site);
    let watch = site.watch();
    let drilled = drill(&site, &["--all"]).is(0);
    assert!(watch.end().iter().all(|status| matches!(status, 200 | 503)), "users see the site or maintenance");
    assert_eq!(state_of(&site), before);
    assert_eq!(drilled.outcome()["outcome"], "passed");
    let report = report(&site);
    let results: Vec<(&str, &str)> = report["points"]
        .as_array()
        .expect("points")
        .iter()
        .map(|point| (point["point"].as_str().expect("a name"), point["result"].as_str().expect("a word")))
        .collect();
    let expected = [
        "migration-throws",
        "migration-killed",
        "smoke-fails",
        "runner-lost",
        "executor-killed",
        "connection-dropped",
        "disk-full",
    ];
    assert_eq!(
        results,
        expected.map(|name| (name, if name == "connection-dropped" { "not-possible" } else { "passed" }))
    );
    let lost = point(&report, "runner-lost")["detection_ms"].as_u64().expect("measured");
    assert!((10_000..30_000).contains(&lost), "the lease of 15 s: {lost}");
    for name in ["migration-throws", "smoke-fails", "disk-full"] {
        let point = point(&report, name);
        assert!(point["rollback_ms"].as_u64() > Some(0) && point["downtime_ms"].as_u64() > Some(0), "{point:#}");
    }
    let text = fs::read_to_string(site.runner.join("drill.md")).expect("a report");
    assert!(text.contains("| runner-lost | passed |") && text.contains("Simulated."), "{text}");
    site.backstay(&["history"]).is(0).says("drill 1111111 by");
    site.backstay(&["status"]).is(0).says("drill of revision 1111111 by");
}

#[test]
fn points_are_green_on_servers_and_nothing_stands_beside() {
    type Case = (fn() -> Site, [&'static str; 3]);
    let cases: [(&str, Case); 2] = [
        ("MariaDB", (Site::with_mariadb, ["migration-throws", "connection-dropped", "disk-full"])),
        ("PostgreSQL", (Site::with_postgres, ["migration-killed", "connection-dropped", "smoke-fails"])),
    ];
    each_case(2, &cases, |_, &(site, points)| {
        let site = rehearsed(site(), "");
        let before = state_of(&site);
        let args: Vec<&str> = points.iter().flat_map(|point| ["--at", *point]).collect();
        drill(&site, &args).is(0);
        let report = report(&site);
        for name in points {
            assert_eq!(point(&report, name)["result"], "passed", "{report:#}");
        }
        assert_eq!(state_of(&site), before);
    });
}

#[test]
fn a_drill_is_refused_where_it_may_not_be_and_where_it_cannot() {
    let site = Site::with_first();
    let runs = site.list(".backstay/runs");
    drill(&site, &["--all"]).is(2).says("      drills: true");
    drill(&site, &[]).is(2).says("--at");
    site.edit_config("    production: false\n", "    production: true\n    drills: true\n");
    drill(&site, &["--all"]).is(2).says("test is production");
    let site_with = rehearsed(site, "");
    drill(&site_with, &["--at", "connection-dropped"]).is(3).says("SQLite is a file");
    site_with.configure("databases: { main: { engine: none } }\n");
    site_with.edit_config("    production: false\n", "    production: false\n    drills: true\n");
    drill(&site_with, &["--at", "migration-throws"]).is(3).says("what a drill changes there would stay");
    assert_eq!(site_with.list(".backstay/runs"), runs, "no run was begun");
}

#[test]
fn a_missed_objective_is_a_finding() {
    let site = Site::with_first();
    let told = site.marks.join("told");
    let notify = format!("notify: {{ command: 'echo \"$BACKSTAY_OUTCOME $BACKSTAY_REASON\" >{}' }}\n", told.display());
    let site = rehearsed(site, &format!("objectives: {{ rollback: 1ms, downtime: 10m }}\n{notify}"));
    let drilled = drill(&site, &["--at", "migration-throws"]).is(4);
    assert_eq!(drilled.outcome()["outcome"], "findings");
    let report = report(&site);
    let missed: Vec<&Value> = point(&report, "migration-throws")["proofs"]
        .as_array()
        .expect("proofs")
        .iter()
        .filter(|proof| proof["holds"] == false)
        .collect();
    assert!(missed.len() == 1 && missed[0]["proof"] == "objective rollback", "{missed:?}");
    let told = fs::read_to_string(told).expect("somebody is told");
    assert!(told.starts_with("rolled-back drill migration-throws: "), "{told}");
}

#[test]
fn what_does_not_come_back_is_red() {
    // somebody writes between the restore and the end of maintenance, as an undo does that brings back the wrong thing
    let file = "shared/storage/app/shop.sqlite";
    let hook = format!(
        "hooks:\n  before-maintenance-off: [ 'sqlite3 $BACKSTAY_PATH/{file} \"create table forgotten (id int)\"' ]\n"
    );
    let site = rehearsed(Site::with_first(), &hook);
    drill(&site, &["--at", "migration-throws"]).is(4).says("data as before").says("forgotten");
    let text = fs::read_to_string(site.runner.join("drill.md")).expect("a report");
    assert!(text.contains("| migration-throws | failed |") && text.contains("❌ data as before"), "{text}");
    // an undo that fails leaves the run stuck
    let site = rehearsed(Site::with_first(), "hooks:\n  before-switch: [ { do: \"true\", undo: \"false\" } ]\n");
    let drilled = drill(&site, &["--at", "smoke-fails", "--at", "migration-throws"]).is(20);
    assert_eq!(drilled.outcome()["outcome"], "stuck");
    assert_eq!(report(&site)["points"].as_array().map(Vec::len), Some(1), "nothing more is rehearsed");
}

#[test]
fn what_fails_elsewhere_is_no_injection_that_bit() {
    let site = rehearsed(Site::with_first(), "hooks:\n  before-migrate: [ \"false\" ]\n");
    drill(&site, &["--at", "migration-killed"]).is(4).says("did not bite");
}

#[test]
fn a_killed_drill_leaves_nothing() {
    let site = Site::with_first();
    let hooks = site.pause("before-switch");
    let site = rehearsed(site, &hooks);
    let before = state_of(&site);
    let run = site.start(&["drill", "--json", "--at", "smoke-fails"]);
    site.await_pause("before-switch");
    run.signal("-KILL");
    run.wait();
    site.await_end();
    site.await_no_executor();
    assert_eq!(state_of(&site), before);
    assert!(site.journals().last().is_some_and(|journal| journal.contains(" ended rolled-back ")));
}
