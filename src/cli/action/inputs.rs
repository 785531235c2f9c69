//! The action's inputs → the command line that they stand for. They come as variables of the step's environment, since a text
//! that is put into a script would be run by it.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};

use super::super::context::Usage;
use crate::{config::Secret, github::Context};

/// The commands that an action is for, with what each takes of the inputs.
const COMMANDS: [(&str, &[Takes]); 8] = [
    ("deploy", &[Takes::Artifact, Takes::Revision, Takes::Key]),
    ("plan", &[Takes::Artifact, Takes::Probe]),
    ("settle", &[]),
    ("rollback", &[]),
    ("status", &[]),
    ("abort", &[]),
    ("backup", &[]),
    ("drill", &[]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Artifact,
    Revision,
    Key,
    Probe,
}

/// What the workflow says.
#[derive(Debug)]
pub(super) struct Inputs {
    command: String,
    environment: Option<String>,
    config: Option<String>,
    artifact: Option<String>,
    revision: Option<String>,
    args: Option<String>,
    /// The app's folder.
    pub(super) working_directory: PathBuf,
    /// Beats `identity_file`.
    pub(super) ssh_key: Option<Secret>,
    /// Beats `known_hosts`.
    pub(super) known_hosts: Option<String>,
    /// For deployments and their statuses.
    pub(super) github_token: Option<Secret>,
    /// The answer to the command's question.
    pub(super) confirm: Option<String>,
    /// A private folder of this use of the action, made by its first step.
    pub(super) folder: PathBuf,
}

impl Inputs {
    /// Reads them, given what a variable holds.
    pub(super) fn read(context: &Context, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let word = |name: &str| given(name).map(|value| value.trim().to_owned());
        let folder = word("BACKSTAY_FOLDER").context("BACKSTAY_FOLDER is not set: action.yml calls this command")?;
        Ok(Self {
            command: word("INPUT_COMMAND").unwrap_or_else(|| "deploy".to_owned()),
            environment: word("INPUT_ENVIRONMENT"),
            config: word("INPUT_CONFIG"),
            artifact: word("INPUT_ARTIFACT"),
            revision: word("INPUT_REVISION"),
            args: given("INPUT_ARGS"),
            working_directory: context.workspace.join(word("INPUT_WORKING_DIRECTORY").unwrap_or_default()),
            ssh_key: given("INPUT_SSH_KEY").map(Secret::new),
            known_hosts: given("INPUT_KNOWN_HOSTS"),
            github_token: word("INPUT_GITHUB_TOKEN").map(Secret::new),
            confirm: word("INPUT_CONFIRM"),
            folder: folder.into(),
        })
    }

    /// The command line.
    pub(super) fn command_line(&self, context: &Context) -> anyhow::Result<Vec<String>> {
        let takes =
            COMMANDS.iter().find(|(name, _)| *name == self.command).map(|(_, takes)| *takes).ok_or_else(|| {
                let known = COMMANDS.map(|(name, _)| name).join(", ");
                anyhow!(Usage(format!("the input command is {:?}; it can be {known}", self.command)))
            })?;
        let args = self.args.as_deref().unwrap_or_default();
        let args = shlex::split(args)
            .ok_or_else(|| anyhow!(Usage("the input args has a quote or a backslash without its end".to_owned())))?;
        let mut line = self.of_every_command(&self.command);
        // what is said in args is meant
        let is_said = |name: &str| {
            args.iter().any(|arg| arg.split('=').next().and_then(|arg| arg.strip_prefix("--")) == Some(name))
        };
        let mut option = |what, name: &str, value: Option<&String>| {
            let value = value.filter(|_| takes.contains(&what) && !is_said(name));
            line.extend(value.map(|value| format!("--{name}={value}")));
        };
        option(Takes::Artifact, "artifact", self.artifact.as_ref());
        option(Takes::Revision, "revision", self.revision.as_ref());
        option(Takes::Key, "key", Some(&context.key()));
        line.extend((takes.contains(&Takes::Probe) && !is_said("probe")).then(|| "--probe".to_owned()));
        line.extend(args);
        Ok(line)
    }

    /// The command line that settles what that one left.
    pub(super) fn settling(&self) -> Vec<String> {
        self.of_every_command("settle")
    }

    fn of_every_command(&self, command: &str) -> Vec<String> {
        let mut line = vec!["backstay".to_owned(), command.to_owned()];
        line.extend(self.environment.iter().map(|name| format!("--environment={name}")));
        line.extend(self.config.iter().map(|file| format!("--config={file}")));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(given: &[(&str, &str)]) -> anyhow::Result<Vec<String>> {
        let runner = [
            ("GITHUB_API_URL", "https://api.github.com"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "me/shop"),
            ("GITHUB_RUN_ID", "17"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_SHA", "3f2a1c9"),
            ("GITHUB_REF", "refs/heads/main"),
            ("RUNNER_TEMP", "/runner/temp"),
            ("GITHUB_WORKSPACE", "/runner/shop"),
            ("BACKSTAY_FOLDER", "/runner/temp/backstay.1"),
        ];
        let all = [&runner, given].concat();
        let variable = |name: &str| all.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let context = Context::read(variable)?;
        Inputs::read(&context, variable)?.command_line(&context)
    }

    #[test]
    fn inputs_become_arguments_and_never_options_of_their_own() {
        let deploy = line(&[
            ("INPUT_ENVIRONMENT", " staging\n"),
            ("INPUT_CONFIG", "--yes"),
            ("INPUT_ARTIFACT", "build one.tar.gz"),
            ("INPUT_REVISION", "1111111"),
            ("INPUT_ARGS", "--data-only '--revision=a b'"),
        ]);
        assert_eq!(
            deploy.expect("a line")[1..],
            [
                "deploy",
                "--environment=staging",
                "--config=--yes",
                "--artifact=build one.tar.gz",
                "--key=me/shop/17/3f2a1c9",
                "--data-only",
                "--revision=a b"
            ]
        );
        let rollback = line(&[("INPUT_COMMAND", "rollback"), ("INPUT_ARTIFACT", "x"), ("INPUT_ARGS", "--code-only")]);
        assert_eq!(rollback.expect("a line")[1..], ["rollback", "--code-only"]);
        let drill = line(&[("INPUT_COMMAND", "drill"), ("INPUT_ARTIFACT", "x"), ("INPUT_ARGS", "--all")]);
        assert_eq!(drill.expect("a line")[1..], ["drill", "--all"]);
        assert_eq!(line(&[("INPUT_COMMAND", "plan")]).expect("a line")[1..], ["plan", "--probe"]);
    }

    #[test]
    fn a_wrong_input_is_told_with_what_it_can_be() {
        let error = line(&[("INPUT_COMMAND", "drop")]).expect_err("no such command").to_string();
        assert!(error.contains("\"drop\"; it can be deploy, plan, settle"), "{error}");
        let error = line(&[("INPUT_ARGS", "'x")]).expect_err("no end").to_string();
        assert!(error.contains("args"), "{error}");
    }
}
