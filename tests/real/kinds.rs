//! Other apps, other targets: no framework, code that is there already, this machine itself.

use std::{fs, process::Command};

use serde_json::json;

use super::support::{Site, as_user, as_user_at_home};

/// An app of one PHP file, its database in `shared`, its maintenance a file there.
const PAGE: &str = "<?php
$shared = dirname(__DIR__, 3) . '/shared';
if (file_exists(\"$shared/down\") && ($_SERVER['REQUEST_URI'] !== '/health')) {
    http_response_code(503);
    exit;
}
$data = new SQLite3(\"$shared/data.sqlite\");
echo trim(file_get_contents('../REVISION')), ' of ', $data->querySingle('SELECT count(*) FROM things'), \"\\n\";
";

fn plain_artifact(site: &Site, revision: &str, migration: &str) -> String {
    let folder = site.runner.join(format!("plain-{revision}"));
    fs::create_dir_all(folder.join("public")).expect("ours");
    fs::write(folder.join("public/index.php"), PAGE).expect("ours");
    fs::write(folder.join("REVISION"), revision).expect("ours");
    fs::write(folder.join("migrate.sql"), migration).expect("ours");
    folder.display().to_string()
}

#[test]
fn an_app_without_a_framework_is_deployed_by_its_own_commands() {
    let site = Site::empty();
    let path = site.path.display();
    as_user(&format!(
        "mkdir {path}/shared && sqlite3 {path}/shared/data.sqlite \"CREATE TABLE things (name TEXT); INSERT INTO things VALUES ('one');\""
    ));
    let data = || {
        let dump = Command::new("sqlite3").arg(site.path.join("shared/data.sqlite")).arg(".dump").output();
        String::from_utf8_lossy(&dump.expect("it reads").stdout).into_owned()
    };
    let down = format!("{path}/shared/down");
    site.configure(&format!(
        "release: {{ strategy: symlink, reload: [ \"echo reloaded >>{path}/shared/log\" ] }}\n\
         maintenance: {{ when: pending, drain: 0s, on: \"touch {down}\", off: \"rm -f {down}\", check: \"test -e {down}\" }}\n\
         databases: {{ main: {{ engine: sqlite, database: shared/data.sqlite }} }}\n\
         migrate: {{ command: \"sqlite3 -bail {path}/shared/data.sqlite <migrate.sql\" }}\n\
         smoke: {{ before: [ \"echo before >>{path}/shared/log\" ], checks: [ {{ http: /health, body: \" of \" }} ] }}\n"
    ));
    site.edit_config("preset: laravel", "preset: custom");
    let deploy = |revision: &str, migration: &str| {
        let artifact = plain_artifact(&site, revision, migration);
        site.backstay(&["deploy", "--json", "--artifact", &artifact, "--revision", revision])
    };
    deploy("0000000", "nonsense;").is(10);
    assert!(!site.path.join("shared/down").exists() && !site.path.join("current").exists());
    deploy("1111111", "SELECT 1;").is(0);
    assert_eq!(site.get("/"), (200, "1111111 of 1\n".to_owned()));

    let before = data();
    let watch = site.watch();
    let bad = "ALTER TABLE things ADD size; DELETE FROM things; INSERT INTO nowhere VALUES (1);";
    let outcome = deploy("2222222", bad).is(10).outcome();
    assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200, 503]);
    assert_eq!((&outcome["failed_step"], &outcome["data"]), (&json!("migrate"), &json!("restored")));
    assert_eq!(data(), before);
    assert_eq!(site.get("/"), (200, "1111111 of 1\n".to_owned()));

    let outcome =
        deploy("3333333", "ALTER TABLE things ADD size; INSERT INTO things VALUES ('two', 2);").is(0).outcome();
    assert_eq!((&outcome["data"], &outcome["proof"]), (&json!("migrated"), &json!("exact")));
    assert_eq!(site.get("/"), (200, "3333333 of 2\n".to_owned()));
    let log = fs::read_to_string(site.path.join("shared/log")).expect("written");
    assert_eq!(log, "reloaded\nbefore\nreloaded\nbefore\n", "the failed one did not come as far");
}

#[test]
fn with_code_that_is_there_already_only_the_data_is_protected_and_that_is_asked_for_by_name() {
    let site = Site::empty();
    let path = site.path.display();
    let put = |variants: &[&str]| {
        let artifact = site.artifact(variants, "1111111");
        as_user(&format!(
            "mkdir -p {path}/app && cp -r {}/. {path}/app && chmod -R g+w {path}/app/bootstrap",
            artifact.display()
        ));
    };
    put(&[]);
    as_user(&format!(
        "cd {path} && ln -s app current && cd app && mkdir -p storage/app storage/framework/cache/data storage/framework/views storage/logs && \
         touch storage/app/shop.sqlite && echo APP_KEY=base64:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA= >.env && \
         php artisan migrate --force && chmod -R g+w storage"
    ));
    assert_eq!(site.get("/").0, 200);
    site.configure("release: { strategy: none }\n");
    site.edit_config(&format!("path: {path}"), &format!("path: {path}/app"));
    let data = || {
        let dump = Command::new("sqlite3").arg(site.path.join("app/storage/app/shop.sqlite")).arg(".dump").output();
        String::from_utf8_lossy(&dump.expect("it reads").stdout).into_owned()
    };
    let before = data();
    put(&["bad"]);
    site.backstay(&["deploy", "--artifact", "."]).is(2).says("--artifact has no use");
    site.backstay(&["deploy", "--revision", "1111111"]).is(3).says("--data-only").says("could bring the old one back");
    let outcome = site.backstay(&["deploy", "--json", "--data-only", "--revision", "1111111"]).is(10).outcome();
    assert_eq!((&outcome["data"], &outcome["release"]), (&json!("restored"), &json!(null)));
    assert_eq!((data(), site.get("/").0), (before, 200));
    as_user(&format!("rm {path}/app/database/migrations/*break*"));
    put(&["good"]);
    site.backstay(&["deploy", "--json", "--data-only", "--revision", "1111111"]).is(0);
    assert!(data().contains("phone"));
    site.backstay(&["rollback", "--code-only"]).is(3).says("deploy the earlier revision");
}

#[test]
fn this_machine_itself_is_a_target_too() {
    let site = Site::with_first();
    let before = site.data();
    let config = fs::read_to_string(site.runner.join("backstay.yml")).expect("ours");
    let keys = ["    host:", "    port:", "    identity_file:", "    known_hosts:"];
    let lines: Vec<&str> = config.lines().filter(|line| !keys.iter().any(|key| line.starts_with(key))).collect();
    let config = lines.join("\n").replace("    production: false", "    production: false\n    transport: local");
    fs::write(site.runner.join("backstay.yml"), config).expect("ours");
    let deploy = |variant: &str, revision: &str, code: i32| {
        let artifact = site.artifact(&[variant], revision);
        let (folder, artifact) = (site.runner.display(), artifact.display());
        let line = format!(
            "cd {folder} && {} deploy --json --artifact {artifact} --revision {revision}; echo $?",
            env!("CARGO_BIN_EXE_backstay")
        );
        let said = as_user_at_home(&line);
        assert_eq!(said.lines().last(), Some(code.to_string().as_str()), "{said}");
        assert!(said.contains("\"event\":\"outcome\""), "{said}");
    };
    deploy("bad", "2222222", 10);
    assert_eq!(site.data(), before);
    deploy("good", "3333333", 0);
    assert!(site.data().contains("phone"));
    assert!(site.get("/").1.contains("3333333"));
    site.await_no_executor();
    assert_eq!(site.crontab(), "");
}
