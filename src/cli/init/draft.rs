//! An app → the files that `init` would write. Decides which: what is there already has no draft.

use super::{
    detect::{App, Framework, look},
    template::{FillError, Value, Values, fill},
    tree::{Tree, below},
};

/// Where GitHub looks for workflows.
pub(super) const WORKFLOWS: &str = ".github/workflows";

/// The workflow, and its name beside one that is there already.
const NAMES: [&str; 2] = ["deploy-backend.yml", "deploy-backstay.yml"];
/// Where `backstay` looks for its configuration.
const CONFIGS: [&str; 2] = ["backstay.yml", ".github/backstay.yml"];
/// Stands for the release's commit, which GitHub will not find.
const NO_COMMIT: &str = "OWNER/backstay@0000000000000000000000000000000000000000";
/// What stands in every line that a person has to look at.
pub(super) const MARK: &str = "CHANGE ME";

const WORKFLOW: &str = include_str!("templates/workflow.yml");

/// What was asked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// The name of the repository's folder.
    pub(super) repository: &'a str,
    /// The environment.
    pub(super) environment: Option<&'a str>,
    /// The action, pinned.
    pub(super) action: Option<&'a str>,
}

/// A file that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// From the repository's root.
    pub(super) path: String,
    /// What it holds.
    pub(super) text: String,
}

impl File {
    /// The numbers of the lines that a person has to look at.
    pub(super) fn marked(&self) -> Vec<usize> {
        let is_open = |line: &str| line.contains(MARK) || line.contains(NO_COMMIT);
        let lines = self.text.lines().enumerate().filter(|(_, line)| is_open(line));
        // the head tells what the mark means
        lines.filter(|(_, line)| !line.contains("is marked")).map(|(at, _)| at + 1).collect()
    }
}

/// What would be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    /// New files.
    pub(super) files: Vec<File>,
    /// Files that are there already and stand in the place of one of ours.
    pub(super) kept: Vec<String>,
    /// The environments that the configuration has.
    pub(super) environments: Vec<String>,
}

impl Draft {
    /// For an app in that repository.
    pub(super) fn of(tree: &impl Tree, app: &App, wanted: &Wanted<'_>) -> Result<Self, FillError> {
        let mut draft = Self { files: Vec::new(), kept: Vec::new(), environments: Vec::new() };
        let mut values = look(tree, app, wanted.repository);
        let there = CONFIGS.iter().map(|name| below(&app.folder, name)).find(|path| tree.has(path));
        let known = there.as_ref().map(|path| environments(&tree.text(path).unwrap_or_default())).unwrap_or_default();
        let chosen = wanted.environment.map(str::to_owned).or_else(|| known.first().cloned());
        let chosen = chosen.unwrap_or_else(|| "production".to_owned());
        values.insert("environment", Value::Text(chosen.clone()));
        draft.environments = if known.is_empty() { vec![chosen.clone()] } else { known };
        if let Some(path) = there {
            draft.kept.push(path);
        } else {
            let text = fill(template(app.framework), &values)?;
            draft.files.push(File { path: below(&app.folder, CONFIGS[0]), text });
        }
        let paths = NAMES.map(|name| below(WORKFLOWS, name));
        let is_there = |path: &&String| tree.has(path) || tree.has(&path.replace(".yml", ".yaml"));
        draft.kept.extend(paths.iter().take_while(is_there).cloned());
        if let Some(path) = paths.iter().find(|path| !is_there(path)) {
            let file = path.rsplit('/').next().unwrap_or(path);
            let text = workflow(values, file, &chosen, &draft.environments, wanted.action)?;
            draft.files.push(File { path: path.clone(), text });
        }
        Ok(draft)
    }
}

fn template(framework: Framework) -> &'static str {
    match framework {
        Framework::Laravel => include_str!("templates/laravel.yml"),
        Framework::Rails => include_str!("templates/rails.yml"),
        Framework::Django => include_str!("templates/django.yml"),
        Framework::Custom => include_str!("templates/custom.yml"),
    }
}

fn workflow(
    mut values: Values,
    file: &str,
    environment: &str,
    environments: &[String],
    action: Option<&str>,
) -> Result<String, FillError> {
    values.insert("file", Value::Text(file.to_owned()));
    values.insert("plan_environment", Value::Text(format!("{environment}-plan")));
    values.insert("environments", Value::List(environments.to_vec()));
    values.insert("action", Value::Text(action.unwrap_or(NO_COMMIT).to_owned()));
    values.insert("version", Value::Text(format!("v{}", env!("CARGO_PKG_VERSION"))));
    if action.is_none() {
        values.insert("placeholder", Value::There);
    }
    fill(WORKFLOW, &values)
}

/// The environments of a configuration; none where it cannot be read.
fn environments(config: &str) -> Vec<String> {
    let config: serde_yaml::Value = serde_yaml::from_str(config).unwrap_or_default();
    let environments = config.get("environments").and_then(serde_yaml::Value::as_mapping);
    environments.into_iter().flatten().filter_map(|(name, _)| name.as_str()).map(str::to_owned).collect()
}

/// `owner/repository@commit`, as it is given on the command line.
pub(super) fn action(text: &str) -> Result<String, String> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let parts = text.split_once('@').and_then(|(name, commit)| Some((name.split_once('/')?, commit)));
    match parts {
        Some(((owner, repository), commit))
            if is_name(owner)
                && is_name(repository)
                && commit.len() == 40
                && commit.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            Ok(text.to_owned())
        }
        Some(_) | None => Err("write OWNER/REPO@ and all 40 digits of the release's commit: a tag may move".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tree::Paper, *};

    const WANTED: Wanted<'_> = Wanted { repository: "shop", environment: None, action: None };

    fn draft(tree: &Paper, folder: &str, framework: Framework, wanted: &Wanted<'_>) -> Draft {
        Draft::of(tree, &App { folder: folder.to_owned(), framework }, wanted).expect("the templates are whole")
    }

    fn paths(draft: &Draft) -> Vec<&str> {
        draft.files.iter().map(|file| file.path.as_str()).collect()
    }

    /// `workflows/deploy-backend.yml` is what `init` writes for a Laravel app in `backend/`; where that has changed, put the new one
    /// there.
    #[test]
    fn the_workflow_to_copy_is_the_one_that_init_writes() {
        let composer =
            r#"{"require": {"php": "^8.3"}, "require-dev": {"larastan/larastan": "^3.0", "phpunit/phpunit": "^11.0"}}"#;
        let tree = Paper::of(&[("backend/artisan", ""), ("backend/composer.json", composer)]);
        let draft = draft(&tree, "backend", Framework::Laravel, &WANTED);
        assert_eq!(draft.files[1].text, include_str!("../../../workflows/deploy-backend.yml"));
    }

    #[test]
    fn every_template_is_whole_whatever_was_found() {
        for (framework, flags) in [
            (
                Framework::Laravel,
                &["php", "phpstan", "pest", "tests", "horizon", "assets", "queue", "sqlite", "health", "folder"][..],
            ),
            (Framework::Rails, &["ruby", "rspec", "assets", "sqlite", "mysql", "postgres", "folder"]),
            (Framework::Django, &["python", "pytest", "requirements", "sqlite", "mysql", "postgres", "folder"]),
            (Framework::Custom, &["folder"]),
        ] {
            let app = App { folder: String::new(), framework };
            for bits in 0..1_usize << flags.len() {
                let mut values = look(&Paper::of(&[]), &app, "shop");
                for (bit, flag) in flags.iter().enumerate() {
                    values.remove(flag);
                    if bits >> bit & 1 == 1 {
                        values.insert(flag, Value::Text("x".to_owned()));
                    }
                }
                values.insert("health_file", Value::Text("x".to_owned()));
                values.insert("environment", Value::Text("production".to_owned()));
                let config = fill(template(framework), &values).expect("it is whole");
                let workflow =
                    workflow(values, "x.yml", "production", &["production".to_owned()], None).expect("it is whole");
                for text in [config, workflow] {
                    let read: Result<serde_json::Value, _> = serde_yaml::from_str(&text);
                    assert!(read.is_ok_and(|value| value.is_object()), "{text}");
                }
            }
        }
    }

    #[test]
    fn nothing_that_is_there_has_a_draft() {
        let tree = Paper::of(&[("artisan", ""), (".github/workflows/deploy-backend.yaml", "")]);
        let first = draft(&tree, "", Framework::Laravel, &WANTED);
        assert_eq!(paths(&first), ["backstay.yml", ".github/workflows/deploy-backstay.yml"]);
        assert!(first.files[1].text.contains("uses: ./.github/workflows/deploy-backstay.yml"));
        let tree = Paper::of(&[
            (".github/backstay.yml", "environments: { staging: {}, live: {} }"),
            (".github/workflows/deploy-backend.yml", ""),
            (".github/workflows/deploy-backstay.yml", ""),
        ]);
        let all = draft(&tree, "", Framework::Laravel, &WANTED);
        assert!(all.files.is_empty());
        let kept =
            [".github/backstay.yml", ".github/workflows/deploy-backend.yml", ".github/workflows/deploy-backstay.yml"];
        assert_eq!(all.kept, kept);
    }

    #[test]
    fn the_workflow_has_the_environments_of_a_configuration_that_is_there() {
        let tree = Paper::of(&[("backstay.yml", "environments:\n  staging: {}\n  live: {}\n")]);
        let draft = draft(&tree, "", Framework::Laravel, &WANTED);
        assert!(draft.files[0].text.contains("options: [staging, live]\n"), "{}", draft.files[0].text);
    }

    #[test]
    fn an_action_is_taken_by_its_commit_alone() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let pinned = format!("acme/backstay@{commit}");
        assert_eq!(action(&pinned), Ok(pinned.clone()));
        for bad in [
            "acme/backstay@v1",
            "backstay",
            "acme/backstay@0123",
            &format!("a b/c@{commit}"),
            &format!("acme@{commit}"),
        ] {
            assert!(action(bad).is_err(), "{bad}");
        }
        let wanted = Wanted { action: Some(&pinned), ..WANTED };
        let draft = draft(&Paper::of(&[]), "", Framework::Custom, &wanted);
        assert!(draft.files[1].text.contains(&format!("uses: {pinned} # v")), "{}", draft.files[1].text);
        assert!(!draft.files[1].text.contains("OWNER"));
    }

    #[test]
    fn a_folder_that_github_would_take_for_an_expression_is_refused() {
        let app = App { folder: "${{ github.token }}".to_owned(), framework: Framework::Custom };
        assert!(matches!(Draft::of(&Paper::of(&[]), &app, &WANTED), Err(FillError::Expression(_))));
    }
}
