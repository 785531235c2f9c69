//! Secrets: what the configuration, the app and the run itself hold is in no file that stays, no output and no argv.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use super::support::{Finished, Running, Site, as_user, backstay};

const IN_ENV: &str = "marker-of-the-env-7f3a";
const IN_HEADER: &str = "marker-of-the-header-81bc";
const OF_DATABASE: &str = "marker-of-the-database-55d0";

/// Secrets of each kind, and a hook that has one of them and prints only that; another one may wait.
fn site_with_secrets(pause: Option<&str>) -> Site {
    let site = Site::with_first();
    let path = site.path.display();
    // not through a command, whose words the watch of another test would see
    as_user(&format!("touch {path}/shared/expected"));
    let shared = site.path.join("shared");
    let env = fs::read_to_string(shared.join(".env")).expect("there");
    fs::write(shared.join(".env"), format!("{env}DB_PASSWORD={OF_DATABASE}\n")).expect("ours");
    fs::write(shared.join("expected"), format!("{IN_ENV}\n")).expect("ours");
    let hook = format!("[ \\\"$API_KEY\\\" = $(cat {path}/shared/expected) ] && echo it is there");
    let pause = pause.map(|hook| site.pause(hook).replacen("hooks:\n", "", 1)).unwrap_or_default();
    site.configure(&format!("env: {{ API_KEY: \"${{API_KEY}}\" }}\nhooks:\n  before-migrate: [ \"{hook}\" ]\n{pause}"));
    site.edit_config("    url:", "    http: { headers: { X-Gate: \"${GATE}\" } }\n    url:");
    site
}

fn run(site: &Site, args: &[&str]) -> Finished {
    let output = backstay(&site.runner, args).env("API_KEY", IN_ENV).env("GATE", IN_HEADER).output();
    Finished::of(&output.expect("the binary is built"))
}

/// Every file below a folder, with its folders.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all.extend(walk(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all
}

/// Files below a folder that hold one of the words.
fn holding(folder: &Path, words: &[&str]) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        words.iter().any(|word| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    walk(folder).into_iter().filter(|path| path.is_file() && !path.is_symlink()).filter(holds).collect()
}

/// Words of every process's argv that hold one of the words, as long as the work goes on.
fn watch_argv<T>(words: &[&str], work: impl FnOnce() -> T) -> (T, BTreeSet<String>) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    let argv = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                    let argv = String::from_utf8_lossy(&argv).replace('\0', " ");
                    if words.iter().any(|word| argv.contains(word)) {
                        seen.insert(argv);
                    }
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            seen
        });
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        (done, watch.join().expect("it only looks"))
    })
}

#[test]
fn secrets_are_in_no_output_and_in_nothing_that_stays() {
    let words = [IN_ENV, IN_HEADER, OF_DATABASE, "backstay-0", "laravel_maintenance=ey"];
    let secret = &words[..3];
    for (variant, code) in [("good", 0), ("bad", 10)] {
        let site = site_with_secrets(None);
        let artifact = site.artifact(&[variant], "2222222").display().to_string();
        let ((finished, artifact), seen) = watch_argv(secret, || {
            let args = ["deploy", "-vv", "--json", "--artifact", &artifact, "--revision", "2222222"];
            (run(&site, &args).is(code), artifact)
        });
        assert_eq!(seen, BTreeSet::new(), "{variant}");
        let mut said = vec![finished];
        said.push(run(&site, &["plan", "--scripts", "scripts"]));
        said.push(run(&site, &["plan", "--probe", "-vv"]));
        said.push(run(&site, &["logs"]));
        said.push(run(&site, &["logs", "--json"]));
        said.push(run(&site, &["history", "--json"]));
        said.push(run(&site, &["status", "--json"]));
        for finished in &said {
            for word in secret {
                assert!(!finished.stdout.contains(word) && !finished.stderr.contains(word), "{word}: {finished:?}");
            }
        }
        assert!(said.iter().any(|finished| finished.stdout.contains("it is there")), "the hook had it");
        site.await_no_executor();
        assert_eq!(holding(&site.path.join(".backstay"), &words), Vec::<PathBuf>::new(), "{variant}");
        assert_eq!(holding(&site.runner, &[&words[..3], &[words[4]]].concat()), Vec::<PathBuf>::new(), "{artifact}");
        let own = [site.path.join("shared/.env"), site.path.join("shared/expected")];
        let mut left = holding(&site.path, &words);
        left.retain(|path| !own.contains(path));
        assert_eq!(left, Vec::<PathBuf>::new(), "{variant}");
    }
}

#[test]
fn while_a_run_goes_on_its_secrets_are_the_deploy_users_alone() {
    let site = site_with_secrets(Some("after-migrate"));
    let artifact = site.artifact(&["good"], "2222222").display().to_string();
    let mut command = backstay(&site.runner, &["deploy", "--json", "--artifact", &artifact, "--revision", "2222222"]);
    command.env("API_KEY", IN_ENV).env("GATE", IN_HEADER);
    let running = Running::start(command);
    site.await_pause("after-migrate");
    let own = site.path.join(".backstay");
    let all = walk(&own);
    let bypass = all.iter().find(|path| path.ends_with("secrets/bypass")).expect("it is in use");
    let bypass = fs::read_to_string(bypass).expect("root reads it").trim().to_owned();
    let user = fs::metadata(&own).expect("there").uid();
    assert_ne!(user, 0);
    let mut open_ones = Vec::new();
    for path in &all {
        let Ok(metadata) = fs::symlink_metadata(path) else { continue };
        let mode = metadata.permissions().mode() & 0o7777;
        let open = if metadata.is_symlink() { 0 } else { mode & 0o077 };
        assert_eq!(metadata.uid(), user, "{}", path.display());
        // what steps note there is public or behind the closed folder above it
        let is_note =
            path.starts_with(own.join("releases")) || path.components().any(|part| part.as_os_str() == "state");
        if open != 0 && (!is_note || *path == own) {
            open_ones.push(format!("{mode:o} {}", path.display()));
        }
    }
    assert!(open_ones.is_empty(), "{open_ones:#?}");
    let seen = holding(&own, &[IN_ENV, IN_HEADER, &bypass]);
    let in_place = |path: &&PathBuf| !path.to_string_lossy().contains("/secrets/") && !path.ends_with("bundle.tar");
    let elsewhere: Vec<_> = seen.iter().filter(in_place).collect();
    assert!(elsewhere.is_empty() && !seen.is_empty(), "{elsewhere:?} of {seen:?}");
    site.go_on("after-migrate");
    let finished = running.wait().is(0);
    site.await_no_executor();
    assert!(!finished.stdout.contains(&bypass) && !finished.stderr.contains(&bypass));
    assert_eq!(holding(&site.path, &[&bypass]), Vec::<PathBuf>::new());
}
