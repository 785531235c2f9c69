//! A whole plan: everything that will run on the target, before any of it does.

use serde::{Deserialize, Serialize};

use super::{Finish, PlanFile, Script, Step, bundle};
use crate::{
    config::Secret,
    model::{Phase, RunId, Span},
};

/// What a run does, how each part is taken back, and what the target must look like for it to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The run.
    pub run: RunId,
    /// What is told of it: app, environment, revision, actor.
    pub about: About,
    /// Whether `current` is moved (strategy symlink).
    pub symlink: bool,
    /// The release that `switch` makes live, absolute, where it is not the one of this run.
    pub release_dir: Option<String>,
    /// Plan-wide parameters of the scripts.
    pub params: Vec<(&'static str, String)>,
    /// Files under `secrets/`: path and content. Removed when the run has ended.
    pub secrets: Vec<(String, Secret)>,
    /// Files under `lib/`.
    pub lib: Vec<PlanFile>,
    /// The steps before the commit, in order.
    pub steps: Vec<Step>,
    /// What finishes the run, in order.
    pub finish: Vec<Finish>,
    /// Files under `databases/<name>/`.
    pub databases: Vec<(String, Vec<PlanFile>)>,
    /// Who is told.
    pub notify: Option<Notify>,
    /// What the executor is told.
    pub settings: Settings,
    /// What the target must look like under the lock.
    pub generation: Generation,
    /// The idempotency key and the digest of what it stands for.
    pub key: Option<(String, String)>,
    /// What a person should know before it begins.
    pub warnings: Vec<String>,
}

/// What is told of a run, on the target and to people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// `deploy`, `rollback`, `backup create`, …
    pub command: String,
    /// The app's name.
    pub app: String,
    /// The environment's name.
    pub environment: String,
    /// The revision, where it is known.
    pub revision: Option<String>,
    /// Who started it, for people.
    pub actor: String,
    /// The release that the run makes, or none.
    pub release: Option<String>,
    /// The release that was live before.
    pub previous_release: Option<String>,
    /// The version of Backstay that made the plan.
    pub version: String,
}

/// What the executor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long it goes on without a sign of life.
    pub lease: Span,
    /// The longest maintenance.
    pub max: Option<Span>,
    /// `auto`, `cron`, `systemd` or `none`.
    pub guard: &'static str,
    /// `rollback` or `wait`.
    pub lost: &'static str,
}

/// What the plan was made for. Another one under the lock: the run does not begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generation {
    /// The last run that ended there.
    pub last_run: Option<String>,
    /// The literal target of `current`.
    pub current: Option<String>,
}

/// A command that is told how the run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// The script that runs it.
    pub action: Script,
    /// The command.
    pub command: String,
    /// `committed`, `rolled-back`, `stuck`.
    pub on: Vec<&'static str>,
}

/// `plan.json`: what a runner that did not make the plan must know to follow the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// What is told of it.
    pub about: About,
    /// The steps' folders with their phases.
    pub steps: Vec<StepSummary>,
    /// The finishing steps' folders with their phases.
    pub finish: Vec<StepSummary>,
}

/// A step in `plan.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSummary {
    /// Its folder, such as `04-migrate`.
    pub folder: String,
    /// Its phase.
    pub phase: Phase,
}

impl Plan {
    /// Whether one of its steps waits for what the runner sends.
    pub fn takes_upload(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.name.as_str(), "release" | "upload"))
    }

    /// What goes into `plan.json`.
    pub fn summary(&self) -> Summary {
        let step = |(number, (name, phase)): (usize, (&String, Phase))| StepSummary {
            folder: bundle::folder(number, name),
            phase,
        };
        Summary {
            about: self.about.clone(),
            steps: self.steps.iter().map(|s| (&s.name, s.phase)).enumerate().map(step).collect(),
            finish: self.finish.iter().map(|f| (&f.name, f.phase)).enumerate().map(step).collect(),
        }
    }
}
