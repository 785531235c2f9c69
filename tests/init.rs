//! `backstay init` in repositories of each kind: what it writes is taken by `backstay plan` and by GitHub's own checks, and what
//! was there stays as it was.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

const LARAVEL: &[(&str, &str)] = &[
    ("artisan", "#!/usr/bin/env php\n"),
    (
        "composer.json",
        r#"{"name": "acme/shop", "require": {"php": "^8.2", "laravel/horizon": "^5.0"},
            "require-dev": {"larastan/larastan": "^2.0", "phpunit/phpunit": "^11.0"}}"#,
    ),
    (".env.example", "DB_CONNECTION=mysql\nQUEUE_CONNECTION=redis\n"),
    ("routes/api.php", "<?php\nRoute::get('/health', Health::class);\n"),
];
const RAILS: &[(&str, &str)] = &[
    ("bin/rails", "#!/usr/bin/env ruby\n"),
    ("Gemfile", "source 'https://rubygems.org'\nruby '3.3.1'\ngem 'rails'\ngem 'propshaft'\n"),
    ("config/database.yml", "production:\n  adapter: postgresql\n"),
];
const DJANGO: &[(&str, &str)] = &[
    ("manage.py", "#!/usr/bin/env python\n"),
    ("requirements.txt", "django\npytest-django\n"),
    ("shop/settings.py", "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql'}}\n"),
];
const OLD: &str = include_str!("fixtures/workflows/deploy-backend.yml");
const WORKFLOW: &str = ".github/workflows/deploy-backend.yml";
const BESIDE: &str = ".github/workflows/deploy-backstay.yml";

/// A repository with these files in one of its folders.
struct Repository(TempDir);

impl Repository {
    fn of(folder: &str, files: &[(&str, &str)]) -> Self {
        let repository = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir_all(repository.path("shop/.git")).expect("ours");
        for (file, text) in files {
            repository.put(&format!("{folder}/{file}"), text);
        }
        repository
    }

    /// The temporary folder's own name would be the app's.
    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn root(&self) -> PathBuf {
        self.path("shop")
    }

    fn put(&self, file: &str, text: &str) {
        let file = self.root().join(file.trim_start_matches('/'));
        fs::create_dir_all(file.parent().expect("it has a folder")).expect("ours");
        fs::write(file, text).expect("ours");
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Every file with its text.
    fn files(&self) -> BTreeMap<String, String> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.root()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("ours").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    let name = entry.path().strip_prefix(self.root()).expect("below").display().to_string();
                    files.insert(name, fs::read_to_string(entry.path()).expect("a text"));
                }
            }
        }
        files
    }

    fn backstay(&self, folder: &str, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backstay"));
        let command = command.args(args).current_dir(self.root().join(folder)).env_clear().env("HOME", self.0.path());
        Said(command.output().expect("the binary is built"))
    }

    /// What `./dev setup` has installed finds nothing wrong with the workflow.
    #[track_caller]
    fn assert_is_a_workflow(&self, file: &str) {
        let run = |tool: &str, args: &[&str]| {
            let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin");
            let output = Command::new(tools.join(tool)).args(args).current_dir(self.root()).output();
            let output = output.unwrap_or_else(|error| panic!("{tool}: {error}; ./dev setup installs it"));
            assert!(output.status.success(), "{}\n{}", Said(output).all(), self.read(file));
        };
        run("zizmor", &["--offline", "--persona=auditor", "."]);
        run("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", file]);
    }
}

struct Said(Output);

impl Said {
    #[track_caller]
    fn is(self, code: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(code), "{}", self.all());
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.all().contains(text), "not said: {text}\n{}", self.all());
        self
    }

    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    fn all(&self) -> String {
        self.stdout() + &String::from_utf8_lossy(&self.0.stderr)
    }

    #[track_caller]
    fn json(&self) -> Value {
        let stdout = self.stdout();
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        serde_json::from_str(&stdout).expect("a JSON line")
    }
}

#[test]
fn what_is_written_for_a_repository_of_each_kind_is_planned_and_valid() {
    for (name, files, preset) in
        [("laravel", LARAVEL, "laravel"), ("rails", RAILS, "custom"), ("django", DJANGO, "custom")]
    {
        let repository = Repository::of("", files);
        let said = repository.backstay("", &["init", "--json"]).is(0).json();
        assert_eq!((&said["framework"], &said["preset"]), (&name.into(), &preset.into()));
        assert_eq!(said["conflicts"], Value::Array(Vec::new()));
        repository
            .backstay("", &["plan"])
            .is(0)
            .says("→ production, step by step")
            .says("migrate")
            .says("maintenance-on");
        repository.assert_is_a_workflow(WORKFLOW);
    }
}

#[test]
fn an_app_of_any_other_kind_is_written_for_when_that_is_asked_for() {
    let repository = Repository::of("", &[("index.js", "")]);
    repository.backstay("", &["init", "--preset", "custom", "-e", "staging"]).is(0);
    repository.backstay("", &["plan", "-e", "staging"]).is(0).says("shop → staging");
    repository.assert_is_a_workflow(WORKFLOW);
}

#[test]
fn what_is_known_is_written_and_the_rest_is_marked() {
    let repository = Repository::of("", LARAVEL);
    repository.put(".git/config", "[remote \"origin\"]\n\turl = https://me:secret@github.com/acme/shop.git\n");
    let said = repository.backstay("", &["init"]).is(0).says("a Laravel app in the repository's root, preset laravel");
    let config = repository.read("backstay.yml");
    for known in ["app: shop\n", "kind: supervisor, name: horizon", "http: /api/health #"] {
        assert!(config.contains(known), "{known}\n{config}");
    }
    let workflow = repository.read(WORKFLOW);
    for known in ["php-version: \"8.2\"", "vendor/bin/phpstan analyse", "vendor/bin/phpunit", "options: [production]"] {
        assert!(workflow.contains(known), "{known}\n{workflow}");
    }
    let host =
        config.lines().position(|line| line.contains("host: deploy@server.example.com # CHANGE ME")).expect("marked")
            + 1;
    assert!(!said.all().contains("secret"), "{}", said.all());
    said.says(&format!("{host}, ")).says("https://github.com/acme/shop/settings/environments");
    // the placeholder for the release's commit cannot be overlooked
    let uses = workflow
        .lines()
        .filter(|line| line.contains("OWNER/backstay@0000000000000000000000000000000000000000 # v"))
        .count();
    assert_eq!(uses, 4);
}

#[test]
fn in_a_monorepo_the_workflow_is_at_the_root_and_knows_the_folder() {
    let both = [("backend", "."), (".", "backend")].map(|(from, named)| {
        let repository = Repository::of("backend", LARAVEL);
        repository.put("frontend/package.json", "{}");
        repository.backstay(from, &["init", named]).is(0);
        repository.assert_is_a_workflow(WORKFLOW);
        repository.backstay("backend", &["plan"]).is(0);
        repository.files()
    });
    assert_eq!(both[0], both[1]);
    let files = &both[0];
    assert!(files.contains_key("backend/backstay.yml") && !files.contains_key("backstay.yml"));
    let workflow: serde_yaml::Value = serde_yaml::from_str(&files[WORKFLOW]).expect("it is YAML");
    let jobs = &workflow["jobs"];
    assert_eq!(jobs["build"]["defaults"]["run"]["working-directory"].as_str(), Some("backend"));
    for job in ["plan", "deploy", "change", "now"] {
        let steps = jobs[job]["steps"].as_sequence().expect("steps");
        let action = steps.iter().find(|step| step["with"]["ssh-key"].is_string()).expect("it uses the action");
        assert_eq!(action["with"]["working-directory"].as_str(), Some("backend"), "{job}");
    }
}

#[test]
fn from_the_root_of_a_monorepo_the_app_is_found_by_itself() {
    let repository = Repository::of("apps/api", DJANGO);
    repository.backstay("", &["init"]).is(0).says("a Django app in apps/api").says("cd apps/api && backstay plan");
    assert!(repository.root().join("apps/api/backstay.yml").exists());
}

#[test]
fn nothing_that_is_there_is_overwritten_and_the_old_workflow_is_gone_through() {
    let repository = Repository::of("backend", LARAVEL);
    repository.put(WORKFLOW, OLD);
    repository.put(
        ".github/workflows/nightly.yml",
        "on: push\njobs:\n  a:\n    steps:\n      - run: rsync -a . s:/x || true\n",
    );
    let before = repository.files();
    let said = repository.backstay("", &["init"]).is(0);
    let written = repository.files();
    for (file, text) in &before {
        assert_eq!(written.get(file), Some(text), "{file}");
    }
    let new: Vec<&String> = written.keys().filter(|file| !before.contains_key(*file)).collect();
    assert_eq!(new, [BESIDE, "backend/backstay.yml"]);

    let at = |text: &str| OLD.lines().position(|line| line.contains(text)).expect("it is in the old one") + 1;
    for (line, rule) in [
        ("mysqldump --single", "backup-before-maintenance"),
        ("phpstan analyse || true", "hidden-failure"),
        ("if: always()", "opens-always"),
        ("migrate --force", "migrates-by-hand"),
    ] {
        let text = OLD.lines().nth(at(line) - 1).expect("just found").trim();
        let shown = said.stdout();
        let place = format!("  {WORKFLOW}:{}: {text}\n      ", at(line));
        let rest = shown.split_once(&place).unwrap_or_else(|| panic!("{place}\n{shown}")).1;
        assert!(rest.split("\n  .github").next().expect("some").contains(&format!("{rule}: ")), "{rule}\n{shown}");
    }
    let said = said.says(".github/workflows/nightly.yml:5: - run: rsync").says("no-concurrency");
    said.says("deploy-backend.yml: it is there already").says("take the old workflow out of use");

    let again = repository.backstay("", &["init"]).is(0);
    assert_eq!(repository.files(), written);
    again.says("backend/backstay.yml: it is there already").says("deploy-backstay.yml: it is there already");
}

#[test]
fn the_findings_are_there_for_scripts_too() {
    let repository = Repository::of("", LARAVEL);
    repository.put(WORKFLOW, OLD);
    let said = repository.backstay("", &["init", "--json"]).is(0).json();
    assert_eq!((&said["event"], &said["v"], &said["run"]), (&"init".into(), &1.into(), &Value::Null));
    let conflicts = said["conflicts"].as_array().expect("a list");
    let always = conflicts.iter().find(|found| found["rule"] == "opens-always").expect("it is found");
    assert_eq!((&always["file"], &always["text"]), (&WORKFLOW.into(), &"if: always()".into()));
    assert!(always["line"].is_u64() && always["why"].is_string());
    assert_eq!(said["kept"], serde_json::json!([WORKFLOW]));
    let files: Vec<&str> =
        said["files"].as_array().expect("a list").iter().filter_map(|file| file["file"].as_str()).collect();
    assert_eq!(files, ["backstay.yml", BESIDE]);
}

#[test]
fn a_dry_run_prints_what_would_be_written_and_writes_nothing() {
    let repository = Repository::of("", RAILS);
    let before = repository.files();
    let text = repository.backstay("", &["init", "--dry-run"]).is(0).says("would write").stdout();
    let said = repository.backstay("", &["init", "--dry-run", "--json"]).is(0).json();
    assert_eq!(repository.files(), before);
    repository.backstay("", &["init"]).is(0);
    for (number, file) in ["backstay.yml", WORKFLOW].iter().enumerate() {
        assert_eq!(said["files"][number]["text"], repository.read(file).as_str());
        assert!(text.contains(&repository.read(file).trim_end().to_owned()), "{file}");
    }
}

#[test]
fn where_no_app_is_found_or_several_it_is_said_what_to_do() {
    let repository = Repository::of("docs", &[("index.md", "")]);
    repository
        .backstay("", &["init"])
        .is(2)
        .says("no artisan, bin/rails or manage.py")
        .says("backstay init --preset custom");
    repository.backstay("", &["init", "nowhere"]).is(2).says("nowhere is no folder");
    repository.put("a/artisan", "");
    repository.put("b/manage.py", "");
    repository.backstay("", &["init"]).is(2).says("several apps: a, b").says("backstay init DIR");
    repository.backstay("", &["init", "-c", "x.yml"]).is(2).says("-c has no use here");
    repository.backstay("", &["init", "a", "--action", "acme/backstay@v1"]).is(2).says("a tag may move");
    assert!(!repository.root().join(".github").exists());
}

#[test]
fn lines_of_others_are_shown_and_not_obeyed() {
    let repository = Repository::of("", LARAVEL);
    let evil = "on: push\njobs:\n  a:\n    steps:\n      - run: ssh server true || true \u{1b}[2J ::error::x ##[group]\u{202e}\n";
    repository.put(".github/workflows/evil.yml", evil);
    let shown = repository.backstay("", &["init"]).is(0).says("evil.yml:5:").stdout();
    for bad in ["\u{1b}", "\u{202e}", "::error::", "##[group]"] {
        assert!(!shown.contains(bad), "{bad:?}\n{shown}");
    }
    let json = repository.backstay("", &["init", "--json"]).is(0).stdout();
    assert!(!json.contains('\u{1b}') && !json.contains("##[") && !json.contains('\u{202e}'), "{json}");
}

#[test]
fn a_link_out_of_the_repository_in_the_place_of_a_file_is_kept() {
    let repository = Repository::of("", LARAVEL);
    std::os::unix::fs::symlink(repository.path("elsewhere"), repository.root().join("backstay.yml")).expect("ours");
    repository.backstay("", &["init"]).is(1).says("backstay.yml cannot be made");
    assert!(!repository.path("elsewhere").exists());
}

#[test]
fn what_the_workflow_packs_is_taken_as_an_artifact_and_has_no_secrets_in_it() {
    let secrets = [".git/config", ".env", "config/master.key", "node_modules/x/index.js", "storage/logs/laravel.log"];
    for (files, left_out) in [(LARAVEL, &[0, 1, 3, 4][..]), (RAILS, &[0, 2, 3]), (DJANGO, &[0, 1])] {
        let repository = Repository::of("backend", files);
        for file in secrets.iter().chain(&["vendor/autoload.php", ".env.example"]) {
            repository.put(&format!("backend/{file}"), "secret");
        }
        repository.backstay("", &["init"]).is(0);
        let workflow: serde_yaml::Value = serde_yaml::from_str(&repository.read(WORKFLOW)).expect("it is YAML");
        let steps = workflow["jobs"]["build"]["steps"].as_sequence().expect("steps");
        let pack = steps.iter().find(|step| step["name"].as_str() == Some("pack")).expect("it packs");
        let mut bash = Command::new("bash");
        bash.args(["-e", "-o", "pipefail", "-c", pack["run"].as_str().expect("a script")]);
        bash.current_dir(repository.root().join("backend")).env("RUNNER_TEMP", repository.0.path());
        let packed = Said(bash.output().expect("bash is there")).is(0);
        assert_eq!(packed.all(), "");

        let archive = repository.path("release.tar.gz");
        let listed = Said(Command::new("tar").arg("-tzf").arg(&archive).output().expect("tar is there")).is(0).stdout();
        for file in left_out.iter().map(|at| secrets[*at]) {
            assert!(!listed.contains(&format!("./{file}\n")), "{file}\n{listed}");
        }
        for (file, _) in files {
            assert!(listed.contains(&format!("./{file}\n")), "{file}\n{listed}");
        }
        assert!(listed.contains("./vendor/autoload.php\n"), "{listed}");
        repository.backstay("backend", &["plan", "--artifact", archive.to_str().expect("plain")]).is(0);
    }
}
