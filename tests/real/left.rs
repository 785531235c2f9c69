//! What a power failure, an unlucky name or an app that does not start leave behind must not be taken for an answer.

use std::fs;

use serde_json::json;

use super::support::{Site, as_user, eventually};

fn as_root(line: &str, file: &std::path::Path) {
    let done = std::process::Command::new("sh").args(["-euc", line, "sh"]).arg(file).status();
    assert!(done.expect("sh runs").success());
}

/// The folder of the newest run.
fn newest_run(site: &Site) -> std::path::PathBuf {
    let name = site.list(".backstay/runs").pop().expect("a run");
    site.path.join(".backstay/runs").join(name)
}

#[test]
fn a_state_emptied_by_a_power_failure_is_no_reason_to_open_the_site() {
    let site = Site::with_mariadb();
    let before = site.data();
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    site.kill_both(run);
    let migrated = site.data();
    for name in ["driver", "target"] {
        let file = newest_run(&site).join("state/db-main").join(name);
        let text = fs::read(&file).expect("settings wrote it");
        fs::write(&file, "").expect("ours");
        site.backstay(&["settle", "--retry"]).is(20).says("STUCK");
        assert_eq!((site.get("/").0, site.data() == migrated), (503, true), "{name}");
        fs::write(&file, text).expect("ours");
    }
    site.backstay(&["settle", "--retry"]).is(10);
    assert_eq!((site.get("/").0, site.data() == before), (200, true));
}

#[test]
fn names_in_env_that_our_scripts_use_too_steer_nothing_and_reach_the_hooks() {
    let site = Site::with_first();
    let seen = site.marks.join("seen");
    site.configure(&format!(
        "env: {{ URL: theirs, ROLLBACK: \"1\", RESTORE_OF: x, WHEN: never, state: y }}\n\
         hooks: {{ after-migrate: [ \"echo $URL $ROLLBACK $RESTORE_OF $WHEN $state >{}\" ] }}\n",
        seen.display()
    ));
    let outcome = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    assert_eq!(outcome["data"], "migrated");
    assert_eq!(fs::read_to_string(seen).expect("the hook ran"), "theirs 1 x never y\n");
}

#[test]
fn a_run_that_was_planned_for_other_data_changes_nothing() {
    let site = Site::with_mariadb();
    let artifact = site.artifact(&["good"], "2222222");
    as_root("head -c 12000000 /dev/urandom >\"$1\"", &artifact.join("blob"));
    let artifact = artifact.display().to_string();
    let run = site.start(&["deploy", "--json", "--artifact", &artifact, "--revision", "2222222"]);
    eventually("bytes arrive", || site.list(".backstay/runs").pop().is_some_and(|run| run.ends_with("2222222")));
    site.schema().query("INSERT INTO migrations (migration, batch) VALUES ('2026_09_09_000000_by_hand', 9)");
    let before = site.data();
    let run = run.wait().is(10);
    run.says("migrations have run since this deploy was planned");
    let outcome = run.outcome();
    assert_eq!((&outcome["failed_step"], &outcome["data"]), (&json!("pending"), &json!("untouched")));
    assert_eq!((site.get("/").0, site.data() == before), (200, true));
    site.deploy_of(&["good"], "3333333", &[]).is(0);
}

#[test]
fn maintenance_that_was_on_stays_on_when_a_hook_before_it_fails() {
    let site = Site::with_first();
    as_user(&format!("cd {}/current && php artisan down", site.path.display()));
    site.configure("hooks: { before-maintenance-on: [ \"exit 1\" ] }\n");
    site.deploy_of(&["good"], "2222222", &[]).is(10);
    assert_eq!(site.get("/").0, 503);
}

#[test]
fn an_app_that_does_not_start_is_not_believed_to_be_out_of_maintenance() {
    let site = Site::with_first();
    let before = site.data();
    let (app, aside) = (site.path.join("current/bootstrap/app.php"), site.marks.join("app.php"));
    let moves = format!("if [ ! -e {1} ]; then cp {0} {1} && rm {0}; fi", app.display(), aside.display());
    // the last thing that is undone before the site is opened
    site.configure(&format!(
        "hooks:\n  before-workers-stop: [ {{ do: \"true\", undo: \"{moves}\" }} ]\n  after-migrate: [ \"exit 1\" ]\n"
    ));
    let run = site.deploy_of(&["good"], "2222222", &[]).is(20);
    run.says("does not say that it is out of maintenance");
    assert_eq!(run.outcome()["maintenance"], true);
    as_user(&format!("cp {} {}", aside.display(), app.display()));
    site.backstay(&["settle", "--retry"]).is(10);
    assert_eq!((site.get("/").0, site.data() == before), (200, true));
}

#[test]
fn an_address_with_brackets_is_asked_as_it_stands_from_the_target() {
    let site = Site::with_first();
    site.configure("smoke: { checks: [ { http: \"/?filter[status]=a{b}\", status: 200 } ] }\n");
    site.edit_config("path:", "http: { from: target }\n    path:");
    site.deploy("2222222", &[]).is(0);
}

#[test]
fn a_worker_that_was_renewed_with_the_new_release_is_renewed_again_when_that_goes() {
    let site = Site::with_first();
    let (up, log) = (site.marks.join("worker"), site.marks.join("log"));
    site.configure(&format!(
        "workers: [ {{ kind: command, start: \"touch {0}; readlink {2}/current >>{1}\", stop: \"rm -f {0}\", check: \"test -e {0}\" }} ]\n\
         hooks: {{ after-switch: [ \"readlink {2}/current >>{1}; touch {0}\" ] }}\n\
         smoke: {{ checks: [ {{ http: /, body: no such text, attempts: 1 }} ] }}\n",
        up.display(),
        log.display(),
        site.path.display()
    ));
    as_user(&format!("touch {}", up.display()));
    site.deploy("2222222", &[]).is(10);
    let began: Vec<String> = fs::read_to_string(log).expect("they ran").lines().map(str::to_owned).collect();
    assert!(began.len() == 2 && began[0].ends_with("2222222") && began[1].ends_with("1111111"), "{began:?}");
}
