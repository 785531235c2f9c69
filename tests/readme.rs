//! What the README says exists: its configurations are taken, its commands are there, its example has every key.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn backstay(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_backstay"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("API_KEY", "of the test")
        .output()
        .expect("the binary is built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The blocks between fences of that language.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    markdown.split(&fence).skip(1).filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned())).collect()
}

#[track_caller]
fn assert_is_planned(config: &str, environment: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("backstay.yml"), config).expect("ours");
    let plan = backstay(folder.path(), &["plan", "-e", environment]);
    assert!(plan.status.success(), "{}\n{config}", text(&plan.stderr));
}

fn environments(config: &str) -> Vec<String> {
    let value: serde_yaml::Value = serde_yaml::from_str(config).expect("it is YAML");
    let environments = value["environments"].as_mapping().expect("it has environments");
    environments.keys().map(|key| key.as_str().expect("a name").to_owned()).collect()
}

#[test]
fn every_configuration_in_the_readme_is_taken() {
    let blocks = blocks(&read("README.md"), "yaml");
    let configs: Vec<&String> = blocks.iter().filter(|block| block.starts_with("version:")).collect();
    assert!(configs.len() >= 2, "the README shows how to begin");
    for config in configs {
        for environment in environments(config) {
            assert_is_planned(config, &environment);
        }
    }
}

#[test]
fn the_example_is_taken_and_has_every_key_of_the_schema() {
    let example = read("examples/backstay.yml");
    for environment in environments(&example) {
        assert_is_planned(&example, &environment);
    }
    let schema = backstay(&root(), &["schema"]);
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("it is JSON");
    let mut keys = BTreeSet::new();
    collect_keys(&schema, &mut keys);
    assert!(keys.contains("retry_after"), "{keys:?}");
    let is_there = |key: &&String| {
        let named = example.match_indices(&format!("{key}:")).any(|(at, _)| {
            example[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_')
        });
        !named
    };
    let missing: Vec<&String> = keys.iter().filter(is_there).collect();
    assert!(missing.is_empty(), "not in examples/backstay.yml: {missing:?}");
}

/// The names under every `properties` of a JSON Schema.
fn collect_keys(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            for below in map.values() {
                collect_keys(below, keys);
            }
        }
        Value::Array(list) => list.iter().for_each(|below| collect_keys(below, keys)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The commands that `--help` lists.
fn commands() -> BTreeSet<String> {
    let help = text(&backstay(&root(), &["--help"]).stdout);
    let listed = help.split_once("Commands:").expect("it lists them").1.split("Options:").next().unwrap_or_default();
    let is_name = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    listed.lines().filter(is_name).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// The word after each `backstay ` in code: between backquotes, or in a block.
fn commands_named_in(markdown: &str) -> BTreeSet<String> {
    let code: Vec<&str> = markdown.split('`').skip(1).step_by(2).collect();
    let shell = blocks(markdown, "sh").join("\n") + &blocks(markdown, "yaml").join("\n");
    let lines = code.into_iter().chain(shell.lines());
    let named = |line: &str| -> Vec<String> {
        let line = line.split(" #").next().unwrap_or(line);
        let after = line.match_indices("backstay ").map(|(at, word)| &line[at + word.len()..]);
        after.filter_map(|rest| rest.split([' ', ')', '"']).next()).map(str::to_owned).collect()
    };
    let words = lines.flat_map(named);
    words.filter(|word| word.bytes().all(|b| b.is_ascii_lowercase()) && !word.is_empty()).collect()
}

#[test]
fn every_command_in_the_documents_exists_and_the_readme_names_all() {
    let known = commands();
    assert!(known.contains("deploy"), "{known:?}");
    for file in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let named = commands_named_in(&read(file));
        let unknown: Vec<&String> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names commands that do not exist: {unknown:?}");
        if file == "README.md" {
            let unnamed: Vec<&String> = known.difference(&named).filter(|name| *name != "help").collect();
            assert!(unnamed.is_empty(), "README.md does not name: {unnamed:?}");
        }
    }
}

#[test]
fn every_option_in_the_readme_exists() {
    let mut help = String::new();
    for command in commands() {
        help += &text(&backstay(&root(), &[&command, "--help"]).stdout);
    }
    let readme = read("README.md");
    let ours = readme.lines().filter(|line| line.contains("backstay ") && line.contains(" --"));
    for line in ours.filter(|line| !line.contains("cargo install")) {
        let words = line.split([' ', '`', ',', ';', ')', '"', '|']).filter(|word| word.starts_with("--"));
        for option in words.filter(|word| word.len() > 2) {
            assert!(help.contains(option), "{option} does not exist: {line}");
        }
    }
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_outcomes() {
    use backstay::model::Outcome;
    let readme = read("README.md");
    for (outcome, words) in [
        (Outcome::Committed, "committed"),
        (Outcome::Refused, "refused"),
        (Outcome::RolledBack, "rolled back"),
        (Outcome::Cancelled, "cancelled"),
        (Outcome::Stuck, "stuck"),
        (Outcome::InDoubt, "in doubt"),
        (Outcome::Locked, "locked"),
    ] {
        let row = format!("| {} | {words}", outcome.exit_code());
        assert!(readme.contains(&row), "not in the README: {row}");
    }
}

#[test]
fn how_many_runs_are_remembered_is_told_as_it_is() {
    let script = read("src/scripts/steps/tidy.sh");
    let kept = script.split_once("KEEP_RUNS=").expect("retention").1.lines().next().expect("a number");
    let told = format!("newest {kept} runs");
    assert!(read("README.md").contains(&told), "not in the README: {told}");
    let help = text(&backstay(&root(), &["deploy", "--help"]).stdout);
    assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains(&told), "not in the help: {told}");
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for file in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = read(file);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.starts_with("http") {
                continue;
            }
            if let Some(heading) = link.strip_prefix('#') {
                let anchors = text.lines().filter(|line| line.starts_with('#')).map(|line| {
                    line.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-").replace([':', ',', '?'], "")
                });
                assert!(anchors.into_iter().any(|anchor| anchor == heading), "{file}: {link}");
            } else {
                assert!(root().join(link).exists(), "{file}: {link}");
            }
        }
    }
}
