//! How a run ended, in the words and exit codes that users' scripts rely on.

use serde::{Deserialize, Serialize};

use super::RunId;

/// The end of a command that changes a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The new version is live with its migrated data.
    Committed,
    /// The old version is live with its old data.
    RolledBack,
    /// Rolled back because someone asked, and seen so.
    Cancelled,
    /// Neither state could be reached; a person is needed.
    Stuck,
    /// A precondition failed; nothing was touched.
    Refused,
    /// Another run is in progress.
    Locked,
    /// The end was not seen from here; the target goes on alone.
    InDoubt,
}

impl Outcome {
    /// The exit code of the command line.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Committed => 0,
            Self::Refused => 3,
            Self::RolledBack => 10,
            Self::Cancelled => 11,
            Self::Stuck => 20,
            Self::InDoubt => 30,
            Self::Locked => 75,
        }
    }

    /// The word in JSON and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled-back",
            Self::Cancelled => "cancelled",
            Self::Stuck => "stuck",
            Self::Refused => "refused",
            Self::Locked => "locked",
            Self::InDoubt => "in-doubt",
        }
    }
}

/// What became of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// The migrated data is live.
    Migrated,
    /// The data from before is live again.
    Restored,
    /// Nothing touched it.
    Untouched,
    /// The code went back, the migrated data stays (`maintenance.when: never`, `--code-only`).
    KeptMigrated,
}

impl Data {
    /// The word in JSON and in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Migrated => "migrated",
            Self::Restored => "restored",
            Self::Untouched => "untouched",
            Self::KeptMigrated => "kept-migrated",
        }
    }
}

/// How the equality of copy and live data was established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Every row of every table compared inside the downtime.
    Exact,
    /// The server's own write counters or log show what was written since the copy.
    Evidence,
    /// Nobody could connect from before the copy until after it.
    Exclusion,
    /// Nothing was proven.
    None,
}

/// How well other writers were kept out while data was sealed or restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fence {
    /// All sessions are seen and the application's account was locked out.
    Exclusive,
    /// With the application's own rights: other accounts' sessions may be invisible.
    Cooperative,
    /// No fence.
    None,
}

/// What kind of run ended: what is said of the site depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// No version had been live before.
    FirstDeploy,
    /// A new version over an old one.
    #[default]
    Deploy,
    /// After the commit, back to an earlier version.
    Rollback,
    /// Data brought back, the code left as it is.
    Restore,
    /// Archives made, tried or removed: neither code nor data of the site is touched.
    Beside,
}

/// What ended a run's way forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nothing did, or a step, a hook or a check failed.
    #[default]
    Failure,
    /// It was stopped, whatever ran then: somebody asked, the runner was lost, a limit was reached, the executor died.
    Stop,
}

/// The last JSON line of deploy, settle and rollback, field for field. What was not measured is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeReport {
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence for people: why.
    pub reason: String,
    /// The step, hook or phase that failed, or that ran when the run was stopped.
    pub failed_step: Option<String>,
    /// Whether the commit record was written.
    pub committed: bool,
    /// Whether users see maintenance now.
    pub maintenance: bool,
    /// What became of the data.
    pub data: Data,
    /// How the copy was proven.
    pub proof: Proof,
    /// How other writers were kept out.
    pub fence: Fence,
    /// From maintenance seen on to maintenance seen off.
    pub downtime_ms: Option<u64>,
    /// From the decision to roll back to maintenance off.
    pub rollback_ms: Option<u64>,
    /// The release that is live now.
    pub release: Option<String>,
    /// The release that was live before.
    pub previous_release: Option<String>,
    /// What kind of run it was (not part of the outcome object either).
    #[serde(skip)]
    pub kind: RunKind,
    /// Whether that step failed, or only ran at the time (not part of the outcome object either).
    #[serde(skip)]
    pub cause: Cause,
    /// The run, where there was one (not part of the outcome object itself: every JSON line carries it).
    #[serde(skip)]
    pub run: Option<RunId>,
}

impl OutcomeReport {
    /// Where and why: `migrate failed: exit 1`, `during migrate: no sign of life from the runner`.
    pub fn why(&self) -> String {
        let reason = self.reason.trim_end().trim_end_matches('.').trim_end();
        match &self.failed_step {
            // it names the step itself
            _ if self.outcome == Outcome::Stuck => reason.to_owned(),
            Some(step) => match self.cause {
                Cause::Failure => format!("{step} failed: {reason}"),
                Cause::Stop => format!("during {step}: {reason}"),
            },
            None => reason.to_owned(),
        }
    }
}
