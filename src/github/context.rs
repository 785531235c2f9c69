//! What the runner says of the job, in variables of the environment.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>

use std::path::PathBuf;

use thiserror::Error;

/// The job that this process is a step of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// `https://api.github.com`, or a GitHub Enterprise Server's `https://host/api/v3`.
    pub api_url: String,
    /// `https://github.com`, or that server's.
    pub server_url: String,
    /// `owner/name`.
    pub repository: String,
    /// The workflow's run; the same in every attempt.
    pub run_id: String,
    /// Counts from 1.
    pub run_attempt: String,
    /// The commit that triggered the workflow.
    pub sha: String,
    /// The ref that triggered it, such as `refs/heads/main`.
    pub reference: String,
    /// Who triggered it.
    pub actor: String,
    /// Where outputs are written.
    pub output: Option<PathBuf>,
    /// Where the step's summary is written, in Markdown.
    pub summary: Option<PathBuf>,
    /// A folder that the runner empties before and after each job.
    pub temp: PathBuf,
    /// The folder of the checkout.
    pub workspace: PathBuf,
}

/// Why there is no [`Context`].
#[derive(Debug, Error)]
pub enum ContextError {
    /// The variable is not set, or empty.
    #[error("{0} is not set: this command is a step of a GitHub Actions job; elsewhere use `backstay deploy`")]
    Missing(&'static str),
}

impl Context {
    /// Reads it, given what a variable holds.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ContextError> {
        let maybe = |name: &str| variable(name).filter(|value| !value.is_empty());
        let known = |name: &'static str| maybe(name).ok_or(ContextError::Missing(name));
        Ok(Self {
            api_url: known("GITHUB_API_URL")?,
            server_url: known("GITHUB_SERVER_URL")?,
            repository: known("GITHUB_REPOSITORY")?,
            run_id: known("GITHUB_RUN_ID")?,
            run_attempt: maybe("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".to_owned()),
            sha: known("GITHUB_SHA")?,
            reference: known("GITHUB_REF")?,
            actor: maybe("GITHUB_ACTOR").unwrap_or_default(),
            output: maybe("GITHUB_OUTPUT").map(PathBuf::from),
            summary: maybe("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            temp: known("RUNNER_TEMP")?.into(),
            workspace: known("GITHUB_WORKSPACE")?.into(),
        })
    }

    /// Where a person reads this job's log: of this attempt.
    pub fn log_url(&self) -> String {
        format!("{}/{}/actions/runs/{}/attempts/{}", self.server_url, self.repository, self.run_id, self.run_attempt)
    }

    /// The key under which a commit is deployed once: without the attempt, so that a re-run after a commit answers with that
    /// outcome, and one after a rollback tries again.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.repository, self.run_id, self.sha)
    }
}
