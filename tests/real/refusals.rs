//! What is refused: every reason at once, with a remedy, nothing changed.

use std::{fs, process::Command};

use super::support::{Site, servers, tar_of};

#[test]
fn bad_artifacts_are_refused_before_the_target_is_reached() {
    let site = Site::with_first();
    let journals = site.journals().len();
    let good = site.artifact(&[], "2222222");
    let archive = tar_of(&good, "whole.tar.gz");
    let bytes = fs::read(&archive).expect("ours");
    let file = |name: &str, bytes: &[u8]| {
        let path = site.runner.join(name);
        fs::write(&path, bytes).expect("ours");
        path
    };
    let make = |name: &str, script: &str| {
        let to = site.runner.join(name);
        let status = Command::new("sh").args(["-euc", script, "sh"]).arg(&to).current_dir(&good).status();
        assert!(status.expect("sh runs").success(), "{script}");
        to
    };
    let cases = [
        (file("cut.tar.gz", &bytes[..bytes.len() / 2]), "is truncated"),
        (file("text.tar", b"this is no archive at all, only a text"), "is no archive"),
        (file("zip.tar", b"PK\x03\x04 and so on"), "looks like a zip"),
        (make("up.tar", "tar -cPf \"$1\" --transform 's,REVISION,../evil,' artisan REVISION"), "a path with `..`"),
        (
            make("absolute.tar", "tar -cPf \"$1\" --transform 's,REVISION,/tmp/evil,' artisan REVISION"),
            "an absolute path",
        ),
        (make("link.tar", "ln -s /etc/passwd evil; tar -cf \"$1\" artisan evil; rm evil"), "outside of the release"),
        (
            make("deep.tar", "mkdir -p sub; ln -s ../.. sub/evil; tar -cf \"$1\" artisan sub; rm -r sub"),
            "outside of the release",
        ),
        (make("below.tar", "tar -cf \"$1\" -C .. \"$(basename \"$PWD\")\""), "everything in it is under"),
        (site.runner.join("nowhere.tar"), "cannot be read"),
    ];
    for (artifact, said) in cases {
        let shown = artifact.to_str().expect("ours");
        let run = site.backstay(&["deploy", "--json", "--artifact", shown]).is(3);
        assert_eq!(run.outcome()["outcome"], "refused");
        run.says(said);
    }
    assert_eq!(site.journals().len(), journals);
    assert_eq!(site.live_revision().as_deref(), Some("1111111"));
}

#[test]
fn a_target_that_cannot_be_is_refused_with_a_remedy() {
    let site = Site::with_first();
    let servers = servers();
    let config = fs::read_to_string(site.runner.join("backstay.yml")).expect("ours");
    let stranger = fs::read_to_string(servers.folder.join("stranger.pub")).expect("ours");
    let other = format!("[127.0.0.1]:{} {}", servers.ssh_port, stranger.trim());
    let path = site.path.to_str().expect("ours");
    let id = servers.folder.join("id").display().to_string();
    let cases = [
        (servers.known_hosts(), other, "ssh-keygen -lf"),
        (servers.known_hosts(), "example.com ssh-ed25519 AAAA".to_owned(), "ssh-keyscan"),
        ("backstay-deploy@".to_owned(), "nobody-here@".to_owned(), "authorized_keys"),
        (id.clone(), servers.folder.join("stranger").display().to_string(), "authorized_keys"),
        (id, "/nowhere/key".to_owned(), "identity_file"),
        (format!("port: {}", servers.ssh_port), "port: 1".to_owned(), "sshd"),
        (format!("path: {path}"), "path: /nowhere/at/all".to_owned(), "make it there"),
        (format!("path: {path}"), "path: /usr/share".to_owned(), "chown"),
    ];
    for (from, to, remedy) in cases {
        assert!(config.contains(&from), "{from}");
        fs::write(site.runner.join("backstay.yml"), config.replace(&from, &to)).expect("ours");
        let run = site.deploy("2222222", &[]).is(3);
        assert_eq!(run.outcome()["outcome"], "refused");
        run.says(remedy);
        site.backstay(&["plan", "--probe"]).is(3);
    }
    assert_eq!(site.journals().len(), 1);
}

#[test]
fn every_reason_is_told_at_once() {
    let site = Site::with_first();
    let live = fs::canonicalize(site.path.join("current")).expect("it is live");
    fs::rename(live.join("artisan"), live.join("artisan.away")).expect("ours");
    fs::set_permissions(site.path.join("shared"), std::os::unix::fs::PermissionsExt::from_mode(0o555)).expect("ours");
    let worker = "{ kind: supervisor, name: shop, config: /nowhere.conf }";
    site.edit_config("preset: laravel", &format!("preset: laravel\nphp: php9.9\nworkers: [ {worker} ]"));
    let run = site.deploy("2222222", &[]).is(3);
    run.says("there is no command php9.9").says("set php: in backstay.yml");
    run.says("may not write to").says("sudo chown");
    run.says("there is no artisan in").says("check path in backstay.yml");
    run.says("supervisor cannot be asked for the worker shop").says("workers.config");
    let reason = run.outcome()["reason"].as_str().expect("a text").to_owned();
    assert_eq!(reason.matches("; ").count() + 1, 4, "{reason}");
    site.backstay(&["plan", "--probe"]).is(3).says("there is no artisan in").says("php9.9");
    assert_eq!(site.journals().len(), 1);
}

#[test]
fn faults_of_the_configuration_name_their_place() {
    let site = Site::with_first();
    let config = fs::read_to_string(site.runner.join("backstay.yml")).expect("ours");
    for (from, to, said) in [
        ("app: shop", "app: shop\noffsite: 3", "unknown key `offsite`"),
        ("drain: 0s", "drain: soon", "soon"),
        ("drain: 0s", "drian: 0s", "drain"),
        ("app: shop", "app: shop\nenv: { KEY: \"${NOT_SET_ANYWHERE}\" }", "NOT_SET_ANYWHERE"),
    ] {
        fs::write(site.runner.join("backstay.yml"), config.replace(from, to)).expect("ours");
        let run = site.deploy("2222222", &[]).is(2);
        run.says(said).says("backstay.yml:");
    }
    fs::write(site.runner.join("backstay.yml"), &config).expect("ours");
    site.deploy("2222222", &["-e", "tset"]).is(2).says("test");
    site.backstay(&["-c", "nowhere.yml", "status"]).is(2).says("nowhere.yml");
    assert_eq!(site.journals().len(), 1);
}

#[test]
fn plans_are_made_without_a_network_and_scripts_can_be_read_beforehand() {
    let site = Site::new();
    let config = fs::read_to_string(site.runner.join("backstay.yml")).expect("ours");
    fs::write(site.runner.join("backstay.yml"), config.replace("port: ", "port: 1 # ")).expect("ours");
    let plan = site.backstay(&["plan", "--scripts", "out"]).is(0);
    for step in ["workers-stop", "maintenance-on", "protect", "migrate", "switch", "smoke", "maintenance-off", "tidy"] {
        plan.says(step);
    }
    assert!(site.runner.join("out/executor").exists());
    let folders: Vec<_> = fs::read_dir(site.runner.join("out/steps")).expect("steps").flatten().collect();
    assert_eq!(folders.len(), 10, "{folders:?}");
    site.backstay(&["plan", "--scripts", "out"]).is(2).says("not empty");
    fs::write(site.runner.join("backstay.yml"), config).expect("ours");
    site.backstay(&["plan", "--probe"]).is(0).says("a deploy would begin");
    assert_eq!(site.list(""), ["shared"]);
}
