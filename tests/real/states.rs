//! What `status`, `history` and `logs` say in every state, and the lines of JSON that scripts read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{Finished, Site};

#[track_caller]
fn status(site: &Site) -> Value {
    let finished = site.backstay(&["status", "--json"]).is(0);
    assert_eq!(finished.stdout.lines().count(), 1, "{}", finished.stdout);
    let status: Value = serde_json::from_str(&finished.stdout).expect("one object");
    let keys: Vec<&String> = status.as_object().expect("an object").keys().filter(|key| *key != "v").collect();
    let known = ["run", "state", "step", "release", "maintenance", "started_at", "finished_at", "reason"];
    assert_eq!(keys, known, "{status}");
    status
}

/// State, step, revision of the live release, maintenance; whether a start, an end and a reason are told.
#[track_caller]
fn seen(site: &Site) -> Value {
    let status = status(site);
    let release = status["release"].as_str().map(|release| release.rsplit('-').next().unwrap_or_default().to_owned());
    let told = ["started_at", "finished_at", "reason"].map(|key| !status[key].is_null());
    json!([status["state"], status["step"], release, status["maintenance"], told])
}

fn exit_code(site: &Site) -> i32 {
    site.backstay(&["status", "--exit-code"]).code
}

#[test]
fn every_state_is_told_to_people_and_to_scripts() {
    let site = Site::new();
    assert_eq!(seen(&site), json!(["idle", null, null, false, [false, false, false]]));
    assert_eq!(exit_code(&site), 0);
    site.backstay(&["status"]).is(0).says("idle");
    site.backstay(&["history"]).is(0).says("no run yet");
    site.backstay(&["logs"]).is(2).says("no run yet");

    site.deploy("1111111", &[]).is(0);
    assert_eq!(seen(&site), json!(["committed", null, "1111111", false, [true, true, false]]));
    assert_eq!(exit_code(&site), 0);

    site.deploy_of(&["bad"], "2222222", &[]).is(10);
    assert_eq!(seen(&site), json!(["rolled-back", "migrate", "1111111", false, [true, true, true]]));
    assert_eq!(exit_code(&site), 10);
    site.backstay(&["logs"]).is(0).says("the migration dies half-way").says("── ");
    let run = status(&site)["run"].as_str().expect("a run").to_owned();
    let log = site.backstay(&["logs", "--json", &run, "migrate"]).is(0);
    let lines = lines_of(&log);
    assert!(lines.iter().all(|line| line["event"] == "log" && line["run"] == run.as_str()), "{}", log.stdout);
    assert!(lines.iter().any(|line| line["line"].as_str().is_some_and(|text| text.contains("dies half-way"))));
    site.backstay(&["logs", "20200101T000000Z-abcdefa"]).is(2).says("there is no run");
    site.backstay(&["logs", "../../etc"]).is(2);

    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "3333333", &[]);
    site.await_pause("after-migrate");
    assert_eq!(seen(&site), json!(["running", "after-migrate", "1111111", true, [true, false, false]]));
    assert_eq!(exit_code(&site), 75);
    site.backstay(&["status"]).is(0).says("backstay abort");
    site.kill_both(run);
    assert_eq!(seen(&site), json!(["unsettled", "after-migrate", "1111111", true, [true, false, false]]));
    assert_eq!(exit_code(&site), 30);
    site.backstay(&["status"]).is(0).says("backstay settle");
    site.backstay(&["abort"]).is(0).says("backstay settle");
    site.backstay(&["settle", "--accept", "committed", "--yes"]).is(2).says("is not stuck");
    site.backstay(&["settle", "--json"]).is(10);

    site.configure("hooks:\n  before-migrate: [ { do: \"true\", undo: \"false\" } ]\n  after-migrate: [ \"false\" ]\n");
    site.deploy_of(&["good"], "4444444", &[]).is(20);
    assert_eq!(seen(&site), json!(["stuck", "before-migrate", "1111111", true, [true, true, true]]));
    assert_eq!(exit_code(&site), 20);
    site.backstay(&["status"]).is(0).says("settle -e test --retry");
    // whatever a person says of a stuck run ends it
    site.backstay(&["settle", "--accept", "committed", "--yes", "--json"]).is(0);
    assert_eq!(exit_code(&site), 0);

    let history = lines_of(&site.backstay(&["history", "--json"]).is(0));
    let states: Vec<&Value> = history.iter().map(|line| &line["state"]).collect();
    assert_eq!(json!(states), json!(["committed", "rolled-back", "rolled-back", "committed"]));
    assert_eq!(history[1]["revision"], "3333333");
    assert_eq!(lines_of(&site.backstay(&["history", "-n", "2", "--json"]).is(0)).len(), 2);
}

/// Lines of JSON, each with what every line has.
#[track_caller]
fn lines_of(finished: &Finished) -> Vec<Value> {
    let line = |text: &str| {
        let line: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("no JSON: {text}"));
        assert_eq!(line["v"], 1, "{text}");
        assert!(line["ts"].as_str().is_some_and(is_rfc3339), "{text}");
        assert!(line["event"].is_string() && line.as_object().is_some_and(|line| line.contains_key("run")), "{text}");
        line
    };
    finished.stdout.lines().map(line).collect()
}

fn is_rfc3339(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok() && text.contains('T')
}

const OUTCOME: [&str; 15] = [
    "committed",
    "data",
    "downtime_ms",
    "event",
    "failed_step",
    "fence",
    "maintenance",
    "outcome",
    "previous_release",
    "proof",
    "reason",
    "release",
    "rollback_ms",
    "run",
    "ts",
];

/// Every line is an event, and the last one the whole outcome of that run.
#[track_caller]
fn assert_contract(finished: &Finished, outcome: &str) {
    let lines = lines_of(finished);
    let last = lines.last().expect("there are lines");
    assert_eq!((&last["event"], &last["outcome"]), (&json!("outcome"), &json!(outcome)));
    let keys: BTreeSet<&str> = last.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected: BTreeSet<&str> = OUTCOME.into_iter().chain(["v"]).collect();
    assert_eq!(keys, expected);
    assert_eq!(lines.iter().filter(|line| line["event"] == "outcome").count(), 1);
    let runs: BTreeSet<&str> = lines.iter().filter_map(|line| line["run"].as_str()).collect();
    assert!(runs.len() <= 1, "{runs:?}");
}

#[test]
fn every_line_of_json_is_an_event_and_the_last_one_is_the_outcome() {
    let site = Site::with_first();
    assert_contract(&site.deploy_of(&["good"], "2222222", &[]).is(0), "committed");
    assert_contract(&site.deploy_of(&["bad", "good"], "3333333", &[]).is(10), "rolled-back");
    assert_contract(&site.backstay(&["rollback", "--json", "--code-only"]).is(0), "committed");
    assert_contract(&site.backstay(&["rollback", "--json", "--code-only"]).is(3), "refused");
    site.configure(&site.pause("before-switch"));
    let run = site.start_deploy(&[], "4444444", &[]);
    site.await_pause("before-switch");
    assert_contract(&site.deploy("5555555", &[]).is(75), "locked");
    run.signal("-INT");
    assert_contract(&run.wait().is(11), "cancelled");
    site.configure("hooks:\n  before-switch: [ { do: \"true\", undo: \"test -e ../../mended\" } ]\n  after-switch: [ \"false\" ]\n");
    assert_contract(&site.deploy("6666666", &[]).is(20), "stuck");
    assert_contract(&site.backstay(&["settle", "--json", "--retry"]).is(20), "stuck");
    std::fs::write(site.path.join("mended"), "").expect("ours");
    assert_contract(&site.backstay(&["settle", "--json", "--retry"]).is(10), "rolled-back");
    let nothing = site.backstay(&["settle", "--json"]).is(0);
    assert_contract(&nothing, "committed");
    assert_eq!((&nothing.outcome()["committed"], &nothing.outcome()["run"]), (&json!(false), &json!(null)));
    // nothing else is on stdout, and people are told on stderr all the same
    let quiet = site.backstay(&["settle", "--json", "--progress", "none"]).is(0);
    assert_eq!(lines_of(&quiet).len(), quiet.stdout.lines().count());
}
