//! What the workflows promise: those to copy, and those that test and release this project. Whether they are well formed, `./dev lint`
//! says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_yaml::Value;
use tempfile::TempDir;

const SYSTEMS: [&str; 4] = ["linux-x64", "linux-arm64", "macos-x64", "macos-arm64"];

fn read(file: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn workflow(file: &str) -> Value {
    serde_yaml::from_str(&read(file)).expect("it is YAML")
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let jobs = workflow["jobs"].as_mapping().expect("jobs");
    jobs.iter().map(|(name, job)| (name.as_str().expect("a name"), job))
}

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_sequence().map_or(&[], Vec::as_slice)
}

/// The script of the step of that name; of the only script without one.
fn script(file: &str, job: &str, name: Option<&str>) -> String {
    let workflow = workflow(file);
    let steps = steps(&workflow["jobs"][job]).iter();
    let mut wanted = steps.filter(|step| step["run"].is_string() && step["name"].as_str() == name);
    wanted.next().and_then(|step| step["run"].as_str()).expect("there is such a step").to_owned()
}

/// As the runner runs it.
fn bash(script: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]).current_dir(folder);
    command.envs(variables.iter().copied()).output().expect("bash is there")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn every_workflow_to_copy_begins_without_rights_and_hides_no_failure() {
    for file in ["workflows/deploy-backend.yml", "workflows/restore-test.yml", "workflows/rollback-drill.yml"] {
        let workflow = workflow(file);
        assert_eq!(workflow["permissions"], Value::Mapping(serde_yaml::Mapping::new()), "{file}");
        for (name, job) in jobs(&workflow) {
            let group = &job["concurrency"];
            assert_eq!(group["cancel-in-progress"].as_bool(), Some(false), "{file}: {name}");
            for step in steps(job) {
                let condition = step["if"].as_str().unwrap_or_default();
                let is_plain = step["continue-on-error"].is_null() && !condition.contains("always()");
                assert!(is_plain, "{file}: {name}: {step:?}");
                assert!(!step["run"].as_str().is_some_and(|run| run.contains("|| true")), "{file}: {name}");
            }
        }
    }
}

#[test]
fn a_key_is_handed_out_by_an_environment_alone() {
    for file in ["workflows/deploy-backend.yml", "workflows/restore-test.yml", "workflows/rollback-drill.yml"] {
        let workflow = workflow(file);
        let with_key =
            jobs(&workflow).filter(|(_, job)| steps(job).iter().any(|step| step["with"]["ssh-key"].is_string()));
        for (name, job) in with_key {
            assert!(job["environment"]["name"].is_string(), "{file}: {name}");
            // GitHub would make a deployment of its own beside Backstay's
            assert_eq!(job["environment"]["deployment"].as_bool(), Some(false), "{file}: {name}");
        }
    }
}

#[test]
fn a_deploy_waits_for_build_and_plan_and_only_the_gated_jobs_may_write() {
    let workflow = workflow("workflows/deploy-backend.yml");
    let job = |name: &str| &workflow["jobs"][name];
    let names = |value: &Value| serde_json::to_value(value).expect("plain");
    assert_eq!(names(&job("deploy")["needs"]), serde_json::json!(["build", "plan"]));
    assert_eq!(names(&job("plan")["needs"]), serde_json::json!("build"));
    for gated in ["deploy", "change"] {
        assert_eq!(job(gated)["environment"]["name"].as_str(), Some("${{ inputs.environment }}"));
        assert_eq!(job(gated)["concurrency"]["group"].as_str(), Some("deploy-${{ inputs.environment }}"));
        assert_eq!(names(&job(gated)["permissions"]), serde_json::json!({"contents": "read", "deployments": "write"}));
    }
    for open in ["plan", "now"] {
        assert_eq!(job(open)["environment"]["name"].as_str(), Some("${{ inputs.environment }}-plan"));
        // a deploy that runs must not hold up the abort that is meant for it
        assert!(!job(open)["concurrency"]["group"].as_str().expect("a group").starts_with("deploy-"), "{open}");
        assert_eq!(names(&job(open)["permissions"]), serde_json::json!({"contents": "read"}));
    }
}

#[test]
fn the_action_is_used_with_inputs_that_it_has() {
    let action: Value = serde_yaml::from_str(&read("action.yml")).expect("it is YAML");
    let known: BTreeSet<&str> =
        action["inputs"].as_mapping().expect("inputs").keys().filter_map(Value::as_str).collect();
    let readme = read("README.md");
    let example = readme
        .split("```yaml\n")
        .find_map(|block| block.starts_with("jobs:").then(|| block.split("```").next()).flatten());
    let example: Value = serde_yaml::from_str(example.expect("the README has a job")).expect("it is YAML");
    let mut uses = 0;
    let written =
        ["workflows/deploy-backend.yml", "workflows/restore-test.yml", "workflows/rollback-drill.yml"].map(workflow);
    for workflow in written.into_iter().chain([example]) {
        for (name, job) in jobs(&workflow) {
            let ours =
                steps(job).iter().filter(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with("OWNER/")));
            for step in ours {
                uses += 1;
                for input in step["with"].as_mapping().expect("inputs").keys().filter_map(Value::as_str) {
                    assert!(known.contains(input), "{name}: {input}");
                }
            }
        }
    }
    assert_eq!(uses, 7);
}

#[test]
fn each_action_is_pinned_to_the_same_commit_everywhere() {
    let mut files = vec![PathBuf::from("src/cli/init/templates/workflow.yml"), PathBuf::from("README.md")];
    for folder in ["workflows", ".github/workflows"] {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("it is there");
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let text = read(&file);
        for used in text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: ")) {
            if let Some((action, pin)) = used.split_once('@') {
                pins.entry(action.to_owned()).or_default().insert(pin.to_owned());
            }
        }
    }
    assert!(pins.contains_key("actions/checkout") && pins.len() >= 6, "{pins:?}");
    for (action, pins) in pins {
        assert_eq!(pins.len(), 1, "{action}: {pins:?}");
        let (commit, version) =
            pins.iter().next().expect("one").split_once(" # ").expect("a version beside the commit");
        assert!(commit.len() == 40 && version.contains('.'), "{action}: {pins:?}");
    }
}

#[test]
fn the_tests_run_with_the_rust_that_the_crate_asks_for() {
    let ci = workflow(".github/workflows/ci.yml");
    let image = ci["jobs"]["test"]["container"]["image"].as_str().expect("an image");
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(image.starts_with(&format!("rust:{version}")) && image.contains("@sha256:"), "{image}");
    let version = script(".github/workflows/release.yml", "build", Some("the Rust that Cargo.toml asks for"));
    let read = version.lines().next().expect("the version comes first");
    let done = bash(&format!("{read}; echo $version"), Path::new(env!("CARGO_MANIFEST_DIR")), &[]);
    assert_eq!(text(&done).trim(), env!("CARGO_PKG_RUST_VERSION"));
}

#[test]
fn the_table_of_checksums_is_made_of_the_tarballs_and_of_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, temp) = (folder.path().join("code"), folder.path().join("temp"));
    fs::create_dir_all(temp.join("dist")).expect("ours");
    fs::create_dir(&root).expect("ours");
    let old = format!("{}{}  backstay-0.1.0-linux-x64.tar.gz\n", read("checksums.txt"), "0".repeat(64));
    fs::write(root.join("checksums.txt"), old).expect("ours");
    let run = || {
        let script = script(".github/workflows/release.yml", "publish", Some("table of checksums"));
        bash(&script, &root, &[("VERSION", "0.2.0"), ("RUNNER_TEMP", temp.to_str().expect("plain"))])
    };
    for system in &SYSTEMS[1..] {
        fs::write(temp.join(format!("dist/backstay-0.2.0-{system}.tar.gz")), system).expect("ours");
    }
    assert!(!run().status.success(), "one is missing");
    fs::write(temp.join("dist/backstay-0.2.0-linux-x64.tar.gz"), "x64").expect("ours");
    let done = run();
    assert!(done.status.success(), "{}", text(&done));

    let table = fs::read_to_string(root.join("checksums.txt")).expect("written");
    let lines: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), SYSTEMS.len(), "{table}");
    for (line, system) in lines.iter().zip(SYSTEMS) {
        let (sum, name) = line.split_once("  ").expect("two blanks between them");
        assert!(sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()), "{line}");
        assert_eq!(name, format!("backstay-0.2.0-{system}.tar.gz"));
    }
    assert_eq!(table.lines().filter(|line| line.starts_with('#')).count(), read("checksums.txt").lines().count());
    for system in SYSTEMS {
        assert_eq!(chosen(&root.join("checksums.txt"), system).lines().count(), 1, "{system}");
    }
}

/// What the action's own script takes out of a table for a system.
fn chosen(table: &Path, system: &str) -> String {
    let install = read("action/install.sh");
    let choice = install.lines().map(str::trim).find_map(|line| line.strip_prefix("line=$(")?.strip_suffix(") ||"));
    let (os, arch) = system.split_once('-').expect("two words");
    let table = table.to_str().expect("plain");
    let done = bash(
        choice.expect("it looks for a line"),
        Path::new("/"),
        &[("NAME", "backstay"), ("os", os), ("arch", arch), ("table", table)],
    );
    text(&done)
}

#[test]
fn the_table_here_has_remarks_and_checksums_only() {
    for line in read("checksums.txt").lines().filter(|line| !line.starts_with('#')) {
        let (sum, name) = line.split_once("  ").unwrap_or_else(|| panic!("{line}"));
        let known =
            SYSTEMS.iter().any(|system| name == format!("backstay-{}-{system}.tar.gz", env!("CARGO_PKG_VERSION")));
        assert!(sum.len() == 64 && known, "{line}");
    }
    for system in SYSTEMS {
        assert!(
            chosen(&Path::new(env!("CARGO_MANIFEST_DIR")).join("checksums.txt"), system).lines().count() <= 1,
            "{system}"
        );
    }
}

/// A repository with a version, whose main branch is checked out.
fn repository(version: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Cargo.toml"), format!("[package]\nversion = \"{version}\"\n")).expect("ours");
    let changes =
        format!("## [Unreleased]\n\n- later\n\n## [{version}] - 2026-11-28\n\n- new\n\n## [0.0.1]\n\n- old\n");
    fs::write(folder.path().join("CHANGELOG.md"), changes).expect("ours");
    let git = "git init -q . && git add . && git -c user.name=a -c user.email=a@example.com commit -qm x";
    let made = bash(git, folder.path(), &[]);
    assert!(made.status.success(), "{}", text(&made));
    folder
}

#[test]
fn a_release_of_another_version_than_the_code_has_is_refused() {
    let folder = repository("0.2.0");
    let script = script(".github/workflows/release.yml", "check", None);
    let check = |version: &str, reference: &str| {
        bash(&script, folder.path(), &[("VERSION", version), ("GITHUB_REF", reference)])
    };
    let good = check("0.2.0", "refs/heads/main");
    assert!(good.status.success(), "{}", text(&good));
    for (version, reference, why) in [
        ("0.2.0", "refs/heads/other", "run it on main"),
        ("v0.2.0", "refs/heads/main", "is no 1.2.3"),
        ("0.2.0;id", "refs/heads/main", "is no 1.2.3"),
        ("0.3.0", "refs/heads/main", "Cargo.toml has another version"),
    ] {
        let refused = check(version, reference);
        assert!(!refused.status.success() && text(&refused).contains(why), "{version} {reference}: {}", text(&refused));
    }
    bash("git tag v0.2.0", folder.path(), &[]);
    let refused = check("0.2.0", "refs/heads/main");
    assert!(!refused.status.success() && text(&refused).contains("is there already"), "{}", text(&refused));
}

#[test]
fn a_release_is_told_of_by_its_own_part_of_the_changelog() {
    let folder = repository("0.2.0");
    let script = script(".github/workflows/release.yml", "publish", Some("draft"));
    let notes = script.lines().next().expect("the notes come first");
    let path = folder.path().to_str().expect("plain");
    let done = bash(notes, folder.path(), &[("VERSION", "0.2.0"), ("RUNNER_TEMP", path)]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(fs::read_to_string(folder.path().join("notes.md")).expect("written"), "\n- new\n\n");
}
