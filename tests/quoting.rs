//! Any text as path, name, password, database or table: it reaches every shell that a target may have, and the statements
//! that scripts write, as it was.

use std::{fs, path::Path, process::Command};

use backstay::scripts::{params, quote};
use proptest::prelude::*;

/// The programs that `sh` may be.
const SHELLS: [(&str, &[&str]); 3] =
    [("/usr/bin/dash", &[]), ("/usr/bin/bash", &["--posix"]), ("/usr/bin/busybox", &["sh"])];

const MYSQL: &str = include_str!("../src/scripts/database/mysql/engine.sh");
const ENGINE: &str = include_str!("../src/scripts/lib/engine.sh");

/// Texts: anything but NUL, which no argument can hold; more often made of what means something to somebody.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let sharp = "[ '\"`\\\\$(){}\\[\\]*?~!#%&|;<>=\n\t\r\u{1b}\u{7f}a-c0é🔑-]{0,12}";
    prop::collection::vec(prop_oneof![sharp, "[^\0]{0,24}"], 1..12)
}

/// Runs a script under each shell; what it printed.
fn under_each_shell(script: &str, args: &[String], folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let run = |(program, first): &(&'static str, &[&str])| {
        let mut command = Command::new(program);
        command.args(*first).args(["-c", script, "sh"]).args(args).current_dir(folder);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8");
        let output = command.output().expect("it is installed");
        assert!(output.status.success(), "{program} {script}: {}", String::from_utf8_lossy(&output.stderr));
        (*program, output.stdout)
    };
    SHELLS.iter().map(run).collect()
}

fn parts(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8 stays UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// A function of a script by its name, from a line of its own.
fn function<'a>(script: &'a str, name: &str) -> &'a str {
    let start = script.find(&format!("\n{name}() {{")).unwrap_or_else(|| panic!("there is no {name}")) + 1;
    let rest = &script[start..];
    let line = rest.lines().next().unwrap_or_default();
    if line.ends_with('}') { line } else { &rest[..rest.find("\n}").expect("its end") + 2] }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_comes_out_of_a_params_file_as_it_was(texts in texts()) {
        let folder = tempfile::tempdir().expect("a folder");
        let names: Vec<String> = (0..texts.len()).map(|number| format!("VALUE_{number}")).collect();
        let text = params(names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)));
        fs::write(folder.path().join("params"), text).expect("ours");
        let shown: String = names.iter().map(|name| format!("printf '%s\\0' \"${name}\"\n")).collect();
        for (shell, said) in under_each_shell(&format!(". ./params\n{shown}"), &[], folder.path()) {
            prop_assert_eq!(&parts(&said), &texts, "{}", shell);
        }
    }

    #[test]
    fn any_argument_survives_the_shell_that_sshd_starts_and_the_one_within(texts in texts()) {
        let words: String = texts.iter().map(|text| format!(" {}", quote(text))).collect();
        for (inner, first) in SHELLS {
            let within = format!("exec {inner} {} -c {} backstay{words}", first.join(" "), quote("printf '%s\\0' \"$@\""));
            for (shell, said) in under_each_shell(&within, &[], Path::new("/")) {
                prop_assert_eq!(&parts(&said), &texts, "{} in {}", inner, shell);
            }
        }
    }

    /// A file of any name, made by one script and found by its name.
    #[test]
    fn any_path_is_the_same_file_for_every_shell(name in "[^\0/]{1,40}") {
        prop_assume!(name != "." && name != ".." && name.len() < 200);
        let folder = tempfile::tempdir().expect("a folder");
        let script = format!("cd {0} && printf x >>{1}", quote(&folder.path().to_string_lossy()), quote(&format!("./{name}")));
        under_each_shell(&script, &[], Path::new("/"));
        let found: Vec<_> = fs::read_dir(folder.path()).expect("ours").map(|entry| entry.expect("ours").file_name()).collect();
        prop_assert_eq!(found, vec![std::ffi::OsString::from(&name)]);
        prop_assert_eq!(fs::read(folder.path().join(&name)).expect("it is there").len(), SHELLS.len());
    }

    /// What MySQL makes of a quoted name and of a quoted text, by the rules of its manual: a doubled quote is one, and in a text a
    /// backslash takes the next character. A schema's name ends in no line break: what asks for it is a line.
    #[test]
    fn any_name_and_any_text_stay_what_they_are_in_a_statement_for_mysql(texts in texts()) {
        let texts: Vec<String> = texts.iter().map(|text| text.trim_end_matches('\n').to_owned()).collect();
        let functions = [function(MYSQL, "sql_name"), function(MYSQL, "sql_text")].join("\n");
        let script = format!("{functions}\nfor value in \"$@\"; do sql_name \"$value\"; printf '\\0'; sql_text \"$value\"; printf '\\0'; done");
        for (shell, said) in under_each_shell(&script, &texts, Path::new("/")) {
            let quoted = parts(&said);
            prop_assert_eq!(quoted.len(), texts.len() * 2, "{}", shell);
            for (text, pair) in texts.iter().zip(quoted.chunks(2)) {
                prop_assert_eq!(unquoted(&pair[0], '`', false), Some(text.clone()), "{} {}", shell, pair[0]);
                prop_assert_eq!(unquoted(&pair[1], '\'', true), Some(text.clone()), "{} {}", shell, pair[1]);
            }
        }
    }

    /// PostgreSQL cuts a name after 63 bytes without a word, and two that are cut may be one.
    #[test]
    fn the_names_that_we_make_for_a_database_fit_and_differ(live in "[a-zA-Z0-9_é🔑' -]{1,40}", other in "[a-z🔑]{20,40}") {
        let functions = ["name_of", "short_name", "run_word"].map(|name| function(ENGINE, name)).join("\n");
        let script = format!(
            "{functions}\nfor live in \"$@\"; do for kind in backstay replaced; do name_of \"$kind\" \"$(run_word 20261123T101500Z-3f2a1c9)\"; printf '\\0'; done; done"
        );
        let mut all = Vec::new();
        for (shell, said) in under_each_shell(&script, &[live.clone(), other.clone()], Path::new("/")) {
            let names = parts(&said);
            for name in &names {
                prop_assert!(name.len() <= 63, "{} {} bytes: {}", shell, name.len(), name);
            }
            prop_assert_eq!(names[0] == names[2], live == other, "{}", shell);
            prop_assert!(names[0] != names[1], "{}", shell);
            all.push(names);
        }
        prop_assert!(all.iter().all(|names| *names == all[0]), "the shell makes no difference: {:?}", all);
    }
}

/// What a quoted word says; none where it ends too early or not at all.
fn unquoted(word: &str, quote: char, has_escapes: bool) -> Option<String> {
    let inner = word.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut chars = inner.chars();
    let mut text = String::new();
    while let Some(next) = chars.next() {
        let means_another = next == quote || (has_escapes && next == '\\');
        if means_another {
            let second = chars.next()?;
            // only what we write ourselves is taken: the same one twice
            (second == next).then_some(())?;
        }
        text.push(next);
    }
    Some(text)
}
