//! What the binary says without a target: errors of the configuration, the schema, completions, questions.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::support::{Finished, backstay};

const EXAMPLE: &str = include_str!("../fixtures/contract.yml");

const MINIMAL: &str = "version: 1
app: shop
preset: laravel
maintenance:
  drain: 5s
environments:
  staging:
    host: deploy@staging.example.com
    known_hosts: ./known_hosts
    path: /var/www/shop
";

fn run_in(folder: &Path, args: &[&str]) -> Finished {
    Finished::of(&backstay(folder, args).output().expect("the binary is built"))
}

/// Every command that reads the configuration says the same of a fault in it.
#[track_caller]
fn assert_fault(config: &str, args: &[&str], expected: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("backstay.yml"), config).expect("ours");
    for command in
        [&["plan"][..], &["deploy", "--artifact", "."], &["status"], &["settle"], &["rollback", "--code-only"]]
    {
        let finished = run_in(folder.path(), &[command, args].concat()).is(2);
        assert_eq!(finished.stderr, format!("backstay: {expected}\n"), "{command:?}");
        assert_eq!(finished.stdout, "");
    }
}

#[test]
fn a_fault_of_the_configuration_shows_its_place_its_line_and_a_way_out() {
    assert_fault(
        &MINIMAL.replace("  drain:", "  drian:"),
        &[],
        "backstay.yml:5:3: maintenance: unknown key `drian`\n   |\n 5 |   drian: 5s\n   |   ^\n  did you mean `drain`?",
    );
    assert_fault(
        &MINIMAL.replace("5s", "soon"),
        &[],
        "backstay.yml:5:3: \"soon\" is not a length of time: write a whole number with ms, s, m, h or d, such as 90s\n   |\n 5 |   drain: soon\n   |   ^",
    );
    assert_fault(
        &MINIMAL.replace("app: shop", "app: [shop]"),
        &[],
        "backstay.yml:2:6: app: invalid type: sequence, expected a string\n   |\n 2 | app: [shop]\n   |      ^",
    );
    assert_fault(
        &format!("{MINIMAL}    url: \"${{SITE}}\"\n"),
        &[],
        "backstay.yml:11:5: the variable SITE is not set\n    |\n 11 |     url: \"${SITE}\"\n    |     ^\n  set it where Backstay runs, or write ${NAME:-default}; $${ is a literal ${",
    );
    assert_fault(
        &MINIMAL.replace("preset: laravel", "preset: laravell"),
        &[],
        "backstay.yml:3:9: preset: unknown value `laravell`, expected `laravel` or `custom`\n   |\n 3 | preset: laravell\n   |         ^\n  did you mean `laravel`?",
    );
    assert_fault(
        MINIMAL,
        &["-e", "stagin"],
        "backstay.yml:6:1: there is no environment `stagin`\n   |\n 6 | environments:\n   | ^\n  did you mean `staging`? (configured: staging)",
    );
}

#[test]
fn without_a_configuration_the_names_that_were_looked_for_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    run_in(folder.path(), &["deploy", "--artifact", "."]).is(2).says("backstay.yml").says("-c");
    fs::create_dir(folder.path().join(".github")).expect("ours");
    fs::write(folder.path().join(".github/backstay.yml"), MINIMAL).expect("ours");
    run_in(folder.path(), &["plan"]).is(0).says("maintenance-on");
    run_in(folder.path(), &["deploy"]).is(2).says("--artifact");
    run_in(folder.path(), &["deploy", "--artefact", "x"]).is(2).says("--artifact");
    run_in(folder.path(), &["rollback", "--code-only", "--discard-writes"]).is(2);
}

/// An environment counts as production unless it says otherwise; there a word is asked for.
#[test]
fn a_question_without_a_terminal_is_an_error_of_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("backstay.yml"), MINIMAL).expect("ours");
    run_in(folder.path(), &["rollback", "--discard-writes"]).is(2).says("--yes").says("staging");
    run_in(folder.path(), &["settle", "--accept", "committed"]).is(2).says("--yes");
    run_in(folder.path(), &["backup", "restore", "20261123T101500Z-3f2a1c9"]).is(2).says("--yes").says("staging");
    // on a terminal, in production, the name is asked for twice
    for (answers, asked) in [("wrong\n", 1), ("staging\nwrong\n", 2)] {
        let line = format!("{} backup restore 20261123T101500Z-3f2a1c9", env!("CARGO_BIN_EXE_backstay"));
        let mut command = Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("script is of util-linux");
        child.stdin.take().expect("piped").write_all(answers.as_bytes()).expect("it reads");
        let said = Finished::of(&child.wait_with_output().expect("it ends")).is(2);
        assert_eq!(said.stdout.matches("Type staging").count(), asked, "{}", said.stdout);
        said.says("not confirmed; nothing was changed");
    }
}

/// It could only fail, and that in maintenance.
#[test]
fn a_revision_check_needs_to_know_the_revision_before_anything_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("artisan"), "").expect("ours");
    let check = "smoke: { checks: [ { revision: { http: /version } } ] }";
    let config = MINIMAL.replace("maintenance:", &format!("{check}\nmaintenance:")) + "    url: https://localhost\n";
    fs::write(folder.path().join("backstay.yml"), config).expect("ours");
    run_in(folder.path(), &["plan"]).is(0);
    run_in(folder.path(), &["deploy", "--artifact", "."]).is(2).says("--revision");
}

#[test]
fn completions_are_scripts_that_their_shells_take() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish"] {
        let script = run_in(folder.path(), &["completions", shell]).is(0).stdout;
        for word in ["deploy", "rollback", "--discard-writes", "--artifact"] {
            assert!(script.contains(word.trim_start_matches("--")), "{shell}: {word}");
        }
    }
    let script = run_in(folder.path(), &["completions", "bash"]).stdout;
    let file = folder.path().join("completions");
    fs::write(&file, script).expect("ours");
    let ask = "set -eu; . \"$1\"; COMP_WORDS=(backstay rollback --c) COMP_CWORD=2 COMPREPLY=()
        _backstay backstay --c rollback; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let answer = Command::new("bash").args(["-c", ask, "bash"]).arg(&file).output().expect("bash runs");
    let answer = Finished::of(&answer).is(0);
    assert!(answer.stdout.lines().any(|line| line == "--code-only"), "{}", answer.stdout);
    run_in(folder.path(), &["completions", "tcsh"]).is(2);
}

/// The part of JSON Schema that the schema uses; another keyword is a panic rather than a silent pass.
fn faults(schema: &Value, value: &Value, root: &Value, at: &str) -> Vec<String> {
    let Value::Object(rules) = schema else {
        return if schema == &Value::Bool(false) { vec![format!("{at}: nothing may be here")] } else { Vec::new() };
    };
    let mut all = Vec::new();
    for (rule, say) in rules {
        match rule.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => {}
            "$ref" => {
                let path = say.as_str().expect("a text").strip_prefix('#').expect("local");
                all.extend(faults(root.pointer(path).expect("a definition"), value, root, at));
            }
            "type" => {
                let types = say.as_array().cloned().unwrap_or_else(|| vec![say.clone()]);
                if !types.iter().any(|name| is_of(value, name.as_str().expect("a name"))) {
                    all.push(format!("{at}: not {say}"));
                }
            }
            "const" if value != say => all.push(format!("{at}: not {say}")),
            "enum" if !say.as_array().expect("a list").contains(value) => all.push(format!("{at}: none of {say}")),
            "const" | "enum" => {}
            "minimum" | "maximum" => {
                let (value, limit) = (value.as_f64(), say.as_f64().expect("a number"));
                if value.is_some_and(|value| if rule == "minimum" { value < limit } else { value > limit }) {
                    all.push(format!("{at}: {rule} {say}"));
                }
            }
            "anyOf" | "oneOf" => {
                let ways: Vec<_> =
                    say.as_array().expect("a list").iter().map(|way| faults(way, value, root, at)).collect();
                if !ways.iter().any(Vec::is_empty) {
                    all.push(format!("{at}: none of these: {ways:?}"));
                }
            }
            "required" => {
                let names = say.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name"));
                let missing = names.filter(|name| value.is_object() && value.get(name).is_none());
                all.extend(missing.map(|name| format!("{at}: {name} is missing")));
            }
            "properties" | "additionalProperties" => {}
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                all.extend(items.flat_map(|(n, item)| faults(say, item, root, &format!("{at}/{n}"))));
            }
            other => panic!("the schema uses {other}"),
        }
    }
    let known = |name: &String| rules.get("properties").and_then(|properties| properties.get(name));
    for (name, value) in value.as_object().into_iter().flatten() {
        if let Some(rule) = known(name).or(rules.get("additionalProperties")) {
            all.extend(faults(rule, value, root, &format!("{at}/{name}")));
        }
    }
    all
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type of JSON: {other}"),
    }
}

#[test]
fn the_schema_takes_the_documented_example_and_refuses_what_the_binary_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = run_in(folder.path(), &["schema"]).is(0).stdout;
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    assert!(schema["$schema"].as_str().is_some_and(|draft| draft.contains("json-schema.org")), "{schema}");
    let check = |yaml: &str| {
        let value: Value = serde_yaml::from_str(yaml).expect("YAML");
        faults(&schema, &value, &schema, "")
    };
    fs::write(folder.path().join("known_hosts"), "").expect("ours");
    for (yaml, is_good) in [
        (EXAMPLE.to_owned(), true),
        (MINIMAL.to_owned(), true),
        (format!("{MINIMAL}    port: \"${{PORT:-2222}}\"\n"), true),
        (format!("{MINIMAL}    port: [22]\n"), false),
        (MINIMAL.replace("drain:", "drian:"), false),
        (MINIMAL.replace("5s", "{ s: 5 }"), false),
        (MINIMAL.replace("laravel", "laravell"), false),
        (format!("{MINIMAL}retention: 3\n"), false),
        (format!("{MINIMAL}retention: {{ last: 3, daily: 7 }}\n"), true),
        (format!("{MINIMAL}offsite: 3\n"), false),
        (format!("{MINIMAL}    hots: x\n"), false),
        (MINIMAL.replace("version: 1\n", ""), false),
    ] {
        assert_eq!(check(&yaml).is_empty(), is_good, "{yaml}\n{:?}", check(&yaml));
        fs::write(folder.path().join("backstay.yml"), &yaml).expect("ours");
        let mut command = backstay(folder.path(), &["plan", "-e", "staging"]);
        let planned = Finished::of(&command.env("API_KEY", "x").output().expect("the binary is built"));
        assert_eq!(planned.code, if is_good { 0 } else { 2 }, "{yaml}\n{}", planned.stderr);
    }
}
