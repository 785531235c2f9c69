//! Deploys that commit, and such that fail and are given back.

use serde_json::json;

use super::support::{Site, as_user, eventually, tar_of};

#[test]
fn a_good_migration_commits_and_users_never_see_an_error() {
    let site = Site::with_first();
    let watch = site.watch();
    let run = site.deploy_of(&["good"], "2222222", &[]).is(0);
    let seen = watch.end();
    assert!(seen.contains(&503) && seen.contains(&200), "{seen:?}");
    assert!(!seen.iter().any(|status| !matches!(status, 200 | 503)), "{seen:?}");
    let outcome = run.outcome();
    let said = ["outcome", "committed", "maintenance", "data", "proof", "failed_step"].map(|key| outcome[key].clone());
    assert_eq!(json!(said), json!(["committed", true, false, "migrated", "exact", null]));
    assert!(outcome["downtime_ms"].as_u64().is_some_and(|ms| ms > 0), "{outcome}");
    assert!(site.get("/").1.contains("2222222"));
    assert!(site.data().contains("phone"));
    site.await_no_executor();
    assert_eq!(site.crontab(), "");
}

#[test]
fn a_migration_that_dies_half_way_leaves_no_trace() {
    let site = Site::with_first();
    let before = site.data();
    let watch = site.watch();
    let run = site.deploy_of(&["bad"], "2222222", &[]).is(10);
    let seen = watch.end();
    assert!(!seen.iter().any(|status| !matches!(status, 200 | 503)), "{seen:?}");
    let outcome = run.outcome();
    let said = ["outcome", "committed", "maintenance", "data", "failed_step"].map(|key| outcome[key].clone());
    assert_eq!(json!(said), json!(["rolled-back", false, false, "restored", "migrate"]));
    assert_eq!(site.data(), before);
    assert!(site.get("/").1.contains("1111111"));
    assert_eq!(site.list("releases").len(), 1);
    run.says("the migration dies half-way").says("backstay logs");
    // what the old version passed before the run it is asked again
    run.says("old version: its check answers as before");
    // and the next one goes well
    site.deploy_of(&["good"], "3333333", &[]).is(0);
}

#[test]
fn without_pending_migrations_users_see_no_maintenance() {
    let site = Site::with_first();
    let before = site.data();
    let watch = site.watch();
    let outcome = site.deploy("2222222", &[]).is(0).outcome();
    assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200]);
    assert_eq!((&outcome["data"], &outcome["downtime_ms"]), (&json!("untouched"), &json!(0)));
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));

    let run = site.deploy_of(&["broken"], "3333333", &[]).is(10);
    let outcome = run.outcome();
    assert_eq!((&outcome["data"], &outcome["failed_step"]), (&json!("untouched"), &json!("smoke")));
    run.says("status 500, not 200");
    assert_eq!(site.data(), before);
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
}

#[test]
fn every_kind_of_required_check_rolls_back() {
    let site = Site::with_mariadb();
    let before = site.data();
    let http = [
        ("{ http: /nowhere }", "status 404, not 200"),
        ("{ http: /api/v1/health, json: { checks.database: down } }", "checks.database is"),
        ("{ http: /, within: 1ms }", "more than 1 ms"),
        ("{ http: /, body: welcome }", "does not hold"),
        ("{ http: /, headers: { x-shop: yes } }", "header x-shop is missing"),
    ];
    // one alone is enough; of several each is told
    for checks in [&http[..1], &[("{ command: \"php artisan no-such-command\" }", "a required check failed")], &http] {
        let list = checks.iter().map(|(check, _)| format!("    - {check}\n")).collect::<String>();
        site.configure(&format!("smoke:\n  checks:\n{list}"));
        let run = site.deploy_of(&["good"], "2222222", &[]).is(10);
        assert_eq!(run.outcome()["failed_step"], "smoke", "{list}");
        for (_, said) in checks {
            run.says(said);
        }
        assert_eq!(site.data(), before, "{list}");
    }
    // that one could only fail is known before
    site.configure("smoke: { checks: [ { tls: { days: 14 } } ] }\n");
    site.deploy_of(&["good"], "2222222", &[]).is(3).says("is not https");
    // another revision than the one that was said is served
    site.configure("");
    let artifact = site.artifact(&["good"], "2222222");
    let artifact = artifact.to_str().expect("ours");
    let run = site.backstay(&["deploy", "--json", "--artifact", artifact, "--revision", "7777777"]).is(10);
    run.says("\\\"2222222\\\" is served, not 7777777");
    // an advisory one only warns
    site.configure("smoke: { checks: [ { http: /nowhere, required: false } ] }\n");
    site.deploy_of(&["good"], "2222222", &[]).is(0).says("404");
}

#[test]
fn a_first_deploy_makes_current_or_leaves_nothing() {
    let site = Site::empty();
    let artifact = site.artifact(&[], "1111111");
    std::fs::write(artifact.join(".env"), "APP_KEY=base64:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n")
        .expect("ours");
    std::fs::create_dir_all(artifact.join("storage/app")).expect("ours");
    std::fs::write(artifact.join("storage/app/shop.sqlite"), "").expect("ours");
    let shown = artifact.to_str().expect("ours").to_owned();

    site.configure("smoke: { checks: [ { http: /nowhere } ] }\n");
    let run = site.backstay(&["deploy", "--json", "--artifact", &shown]).is(10);
    assert_eq!(run.outcome()["release"], json!(null));
    run.says("No version is live, as before; the data are as before, compared.").says("none are declared");
    assert_eq!(site.list(""), [".backstay"]);

    site.configure("");
    let run = site.backstay(&["deploy", "--json", "--artifact", &shown, "--revision", "1111111"]).is(0);
    // nobody was served before: nothing is said of what users saw
    assert!(!run.stderr.contains("Users saw"), "{}", run.stderr);
    assert_eq!(site.get("/").0, 200);
    assert_eq!(site.list(""), [".backstay", "current", "releases", "shared"]);
}

#[test]
fn a_path_that_another_tool_laid_out_simply_goes_on() {
    let site = Site::new_on_mariadb();
    let path = site.path.to_str().expect("ours");
    // as Deployer leaves it: numbered releases, an absolute or relative link, files of its own
    let artifact = site.artifact(&[], "0000000");
    let from = artifact.to_str().expect("ours");
    as_user(&format!(
        "mkdir -p {path}/releases/7 {path}/.dep && cp -r {from}/. {path}/releases/6 && cp -r {from}/. {path}/releases/8 && cd {path}/releases/8 && \
         ln -s ../../shared/storage storage && ln -s ../../shared/.env .env && cd {path} && ln -s releases/8 current && \
         mkdir -p shared/storage/framework/cache/data shared/storage/framework/views shared/storage/logs && chmod -R g+w shared && \
         cd current && php artisan migrate --force"
    ));
    assert_eq!(site.get("/").0, 200, "{}", site.get("/").1);
    site.configure("release: { shared: [storage, .env], keep: 1 }\n");
    for revision in ["1111111", "2222222", "3333333"] {
        let watch = site.watch();
        site.deploy(revision, &[]).is(0);
        assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200]);
    }
    let left = site.list("releases");
    assert_eq!(left.iter().filter(|name| name.len() == 1).count(), 3, "{left:?}");
    // one is kept by count, and the one before the live one for the way back
    assert_eq!(left.iter().filter(|name| name.len() > 1).count(), 2, "{left:?}");
    assert_eq!(site.list(".dep").len(), 0);
}

#[test]
fn every_form_of_artifact_is_the_same_release() {
    let site = Site::with_first();
    for (n, name) in ["a.tar", "a.tar.gz", "a.tar.zst"].into_iter().enumerate() {
        let revision = format!("{n}{n}{n}{n}{n}{n}{n}");
        let archive = tar_of(&site.artifact(&[], &revision), name);
        site.backstay(&["deploy", "--json", "--artifact", archive.to_str().expect("ours"), "--revision", &revision])
            .is(0);
        assert_eq!(site.get("/version").1, format!("{{\"revision\":\"{revision}\"}}"));
    }
}

#[test]
fn maintenance_that_was_on_before_is_left_on() {
    let site = Site::with_first();
    let path = site.path.to_str().expect("ours");
    as_user(&format!("cd {path}/current && php artisan down --secret=mine"));
    let before = std::fs::read(site.path.join("shared/storage/framework/down")).expect("it is down");
    for (variant, code) in [("bad", 10), ("good", 0)] {
        let outcome = site.deploy_of(&[variant], "2222222", &[]).is(code).outcome();
        assert_eq!(outcome["maintenance"], json!(true));
        assert_eq!(site.get("/").0, 503);
        assert_eq!(std::fs::read(site.path.join("shared/storage/framework/down")).expect("it is down"), before);
    }
}

#[test]
fn hooks_run_in_order_and_are_undone_in_reverse() {
    let site = Site::with_first();
    let log = site.marks.join("log");
    let say = |word: &str| format!("echo {word} >>{}", log.display());
    site.configure(&format!(
        "hooks:\n  before-migrate: [ {{ do: \"{}\", undo: \"{}\" }} ]\n  after-migrate: [ {{ do: \"{}\", undo: \"{}\" }} ]\n  \
         before-smoke: [ \"exit 7\" ]\n  after-rollback: [ \"{}\" ]\n  after-maintenance-off: [ \"{}; exit 1\" ]\nnotify: {{ on: [rolled-back], command: \"echo $BACKSTAY_OUTCOME >>{}\" }}\n",
        say("a"), say("undo-a"), say("b"), say("undo-b"), say("after"), say("off").replace(" >>", " $BACKSTAY_DIRECTION >>"), log.display()
    ));
    let before = site.data();
    let outcome = site.deploy_of(&["good"], "2222222", &[]).is(10).outcome();
    assert_eq!(outcome["failed_step"], "before-smoke");
    assert_eq!(
        std::fs::read_to_string(log).expect("hooks ran"),
        "a\nb\nundo-b\nundo-a\noff rolled-back\nafter\nrolled-back\n"
    );
    assert_eq!(site.data(), before);
}

#[test]
fn a_command_engine_and_no_engine_say_what_they_are_worth() {
    let site = Site::with_first();
    let file = site.path.join("shared/storage/app/shop.sqlite");
    let (file, copy) = (file.display(), site.marks.join("copy"));
    let copy = copy.display();
    site.configure(&format!(
        "databases: {{ main: {{ engine: {{ command: {{ backup: \"cp {file} {copy}\", restore: \"cat {copy} >{file}\" }} }} }} }}\n"
    ));
    let before = site.data();
    let outcome = site.deploy_of(&["bad"], "2222222", &[]).is(10).outcome();
    assert_eq!((&outcome["data"], &outcome["proof"]), (&json!("restored"), &json!("none")));
    assert_eq!(site.data(), before);

    site.configure("databases: { main: { engine: none } }\n");
    let run = site.deploy_of(&["bad"], "3333333", &[]).is(10);
    assert_eq!(run.outcome()["data"], "kept-migrated");
    run.says("is not protected");
    assert_ne!(site.data(), before);
}

#[test]
fn what_a_migration_prints_is_in_its_log_while_it_runs() {
    let site = Site::with_first();
    let deploy = site.start_deploy(&["slow"], "2222222", &[]);
    let log = || {
        let run = site.list(".backstay/runs").pop().unwrap_or_default();
        std::fs::read_to_string(site.path.join(format!(".backstay/runs/{run}/log/08-migrate.log"))).unwrap_or_default()
    };
    eventually("the migration says its name", || log().contains("take_long"));
    as_user(&format!("touch {}", site.path.join("shared/storage/go-on").display()));
    deploy.wait().is(0);
}

#[test]
fn views_triggers_and_generated_columns_come_back_as_they_were() {
    let site = Site::with_first();
    let file = site.path.join("shared/storage/app/shop.sqlite");
    as_user(&format!(
        "sqlite3 {} \"CREATE TABLE kinds (a INTEGER PRIMARY KEY, b REAL, c TEXT, d BLOB, e GENERATED ALWAYS AS (a * 2) STORED); \
         INSERT INTO kinds (b, c, d) VALUES (0.1, '🐚''s', x'00ff'), (9e999, '1', NULL), (1, 2, 3); \
         CREATE VIEW seen AS SELECT note FROM orders; CREATE INDEX notes ON orders (note); \
         CREATE TRIGGER counted AFTER DELETE ON orders BEGIN INSERT INTO kinds (c) VALUES (old.note); END; PRAGMA user_version = 7\"",
        file.display()
    ));
    let before = site.data();
    let outcome = site.deploy_of(&["bad"], "2222222", &[]).is(10).outcome();
    assert_eq!(outcome["proof"], "exact");
    assert_eq!(site.data(), before);
}

#[test]
fn a_check_has_its_attempts_and_follows_as_many_redirects_as_it_may() {
    let site = Site::with_first();
    let tries = site.marks.join("tries").display().to_string();
    let third = format!("n=$(cat {tries} 2>/dev/null || echo 1); echo $((n + 1)) >{tries}; [ $n -ge 3 ]");
    for (check, code, said) in [
        (format!("{{ command: \"{third}\", attempts: 2, every: 1s }}"), 10, "a required check failed"),
        (format!("{{ command: \"rm -f {tries}.go; {third}\", attempts: 3, every: 1s }}"), 0, "1 checks on the target"),
        ("{ http: /moved }".to_owned(), 10, "status 302, not 200"),
        ("{ http: /moved, status: [301, 302], headers: { location: /api/v1/health } }".to_owned(), 0, "302"),
        ("{ http: /moved, redirects: 1, json: { status: healthy } }".to_owned(), 0, "200"),
        ("{ http: /moved, attempts: 3, every: 1s, body: never }".to_owned(), 10, "does not hold"),
    ] {
        let began = std::time::Instant::now();
        site.configure(&format!("smoke: {{ checks: [ {check} ] }}\n"));
        site.deploy("2222222", &[]).is(code).says(said);
        assert!(!check.contains("never") || began.elapsed().as_secs() >= 2, "it was tried three times");
    }
}
