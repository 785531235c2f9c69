//! The safety argument cannot rot: each test that it names is there, and each that it leans on is named.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: impl AsRef<Path>) -> String {
    let file = root().join(file);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The functions under `#[test]`; other attributes and comments may stand in between.
fn tests_of(source: &str) -> impl Iterator<Item = &str> {
    source.split("#[test]").skip(1).filter_map(|rest| {
        let is_between = |line: &&str| line.is_empty() || line.starts_with("#[") || line.starts_with("//");
        let line = rest.lines().map(str::trim).find(|line| !is_between(line))?;
        line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name)
    })
}

fn all_tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let texts: Vec<String> = files.iter().map(read).collect();
    texts.iter().flat_map(|text| tests_of(text)).map(str::to_owned).collect()
}

/// What stands between backquotes and looks like a test's name.
fn named(document: &str) -> BTreeSet<String> {
    let code = document.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.matches('_').count() >= 3
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte))
    };
    code.filter(is_name).map(str::to_owned).collect()
}

#[test]
fn every_test_that_the_safety_argument_names_exists() {
    let (named, known) = (named(&read("docs/safety.md")), all_tests());
    assert!(named.len() > 50 && known.len() > 300, "{} named, {} known", named.len(), known.len());
    let missing: Vec<&String> = named.difference(&known).collect();
    assert!(missing.is_empty(), "docs/safety.md names tests that are not there: {missing:#?}");
}

#[test]
fn every_row_of_failures_has_a_proof() {
    let document = read("docs/safety.md");
    let table = document.split_once("| what happens | row | proof |").expect("the table").1;
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 25, "{}", rows.len());
    for row in rows {
        assert!(!named(row).is_empty(), "no test stands for: {row}");
    }
}

#[test]
fn the_model_and_what_tries_every_crash_are_part_of_the_argument() {
    let named = named(&read("docs/safety.md"));
    for file in [
        "tests/model/main.rs",
        "tests/executor/crashes.rs",
        "tests/executor/faults.rs",
        "tests/executor/prove.rs",
        "tests/executor/recovery.rs",
    ] {
        let source = read(file);
        let unnamed: Vec<&str> = tests_of(&source).filter(|test| !named.contains(*test)).collect();
        assert!(unnamed.is_empty(), "docs/safety.md does not name {unnamed:?} of {file}");
    }
}

#[test]
fn the_rows_of_the_argument_are_those_of_the_table() {
    let source = read("tests/executor/recovery.rs");
    let rows = source.split_once("enum Row {").expect("the rows").1.split_once('}').expect("their end").0;
    let rows: BTreeSet<&str> = rows.lines().filter_map(|line| line.trim().strip_suffix(',')).collect();
    let document = read("docs/safety.md");
    let table = document.split_once("| row | found in the journal |").expect("the table").1;
    let told = table.lines().skip(2).take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    assert_eq!(told.map(str::trim).collect::<BTreeSet<_>>(), rows);
}

#[test]
fn the_argument_is_found_from_the_readme_and_from_security() {
    for file in ["README.md", "SECURITY.md"] {
        assert!(read(file).contains("](docs/safety.md)"), "{file}");
    }
}
