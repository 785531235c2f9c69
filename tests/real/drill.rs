//! `backstay drill`: a rehearsal proves what it says, on each kind of database, and leaves nothing behind.

use std::{fs, time::Duration};

use serde_json::Value;

use crate::{
    cases::each_case,
    support::{Finished, Site, eventually},
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
    assert_eq!(results, expected.map(|name| (name, if name == "connection-dropped" { "not-possible" } else { "passed" })));
    let lost = point(&report, "runner-lost")["detection_ms"].as_u64().expect("measured");
    assert!((10_000..30_000).contains(&lost), "the lease of 15 s: {lost}");
    for name in ["migration-throws", "smoke-fails", "disk-full"] {
        let point = point(&report, name);
        assert!(point["rollback_ms"].as_u64() > Some(0) && point["downtime_ms"].as_u64() > Some(0), "{point:#}");
    }
    let text = fs::read_to_string(site.runner.join("drill.md")).expect("a report");
    assert!(text.contains("| runner-lost | passed |") && text.contains("Simulated."), "{text}");
    site.backstay(&["history"]).is(0).says("drill by");
    site.backstay(&["status"]).is(0).says("drill by");
}
