//! What a plan is made of: steps with their do, their undo and their parameters, and what finishes a run.

use serde::Serialize;

use crate::model::{Phase, Span};

/// A script that runs on the target: the text of a file under `src/scripts/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Script(pub &'static str);

/// A file that goes to the target with the plan, beside the scripts that use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Its path inside the folder that it belongs to: ours, relative, no `..`.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl PlanFile {
    /// A text file.
    pub fn text(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), bytes: text.into().into_bytes() }
    }
}

/// One step before the commit. It changes something, so it says how that is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// As in hooks and `failed_step`: lower case and `-`.
    pub name: String,
    /// The phase that people see it in.
    pub phase: Phase,
    /// Does it.
    pub action: Script,
    /// Takes it back.
    pub undo: Undo,
    /// `NAME`, `value`: sourced by both scripts.
    pub params: Vec<(&'static str, String)>,
    /// Further files in the step's folder.
    pub files: Vec<PlanFile>,
    /// When it runs at all.
    pub only_if: Condition,
    /// When it is ended; none: never.
    pub timeout: Option<Span>,
}

/// How a step is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// A script: idempotent, and right for a step that never began or died anywhere.
    Script(Script),
    /// Undone by a finishing step that runs after the restored record (maintenance, workers).
    Finish(&'static str),
    /// It changes nothing that would have to be undone; the text says why.
    Nothing(&'static str),
}

/// When a step runs. The executor looks for `state/if-<name>` just before the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// In every run.
    Always,
    /// Only when the site goes into maintenance in this run (`state/if-down`, made by the step `pending`).
    Down,
    /// Only when migrations are pending (`state/if-pending`, made by the step `pending`).
    Pending,
}

/// What finishes a run once its direction is decided. Idempotent: it is repeated after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// Its name.
    pub name: String,
    /// The phase that people see it in.
    pub phase: Phase,
    /// Does it; `BACKSTAY_DIRECTION` is `committed` or `rolled-back`.
    pub action: Script,
    /// In which direction it runs.
    pub after: After,
    /// Only when this step had begun.
    pub only_if_begun: Option<&'static str>,
    /// Whether its failure leaves the run stuck, or is a warning.
    pub required: bool,
    /// `NAME`, `value`.
    pub params: Vec<(&'static str, String)>,
    /// Further files in its folder.
    pub files: Vec<PlanFile>,
    /// When it is ended; none: never.
    pub timeout: Option<Span>,
}

/// In which direction a finishing step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// After the commit record.
    Commit,
    /// After the restored record.
    Restored,
    /// After either.
    Either,
}

/// A reason not to begin, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What is wrong, as the user would name it.
    pub reason: String,
    /// What to do; may have several lines (a GRANT, say).
    pub remedy: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into() }
    }
}
