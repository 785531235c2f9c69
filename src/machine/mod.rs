//! The runner's state machine: `(State, Input) → (State, Effects)`. Pure: no clock, no sockets, no randomness; time comes
//! in as a value. What happened on the target it learns from the journal alone.

mod follow;
mod link;
mod outcome;
mod prelude;
mod step;
#[cfg(test)]
mod tests;

pub use follow::{Follow, Role};
pub use link::{LinkLine, LinkReader};
pub use outcome::{about_run, outcome};
pub use step::step;

use crate::{
    config::Config,
    model::{EventKind, OutcomeReport},
    plan::{BackupRequest, Baseline, DrillPoint, Facts, Plan, Refusal, Request, RollbackRequest},
    scripts::Reply,
};

/// What is to be done, and all that is known before it begins.
#[derive(Debug, Clone)]
pub struct Job {
    /// The configuration of the environment.
    pub config: Config,
    /// What was asked for.
    pub request: Request,
    /// Which command.
    pub goal: Goal,
}

/// Which command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// One deploy.
    Deploy,
    /// Only its plan, with the target looked at.
    Plan,
    /// The state before a committed run.
    Rollback(RollbackRequest),
    /// A deploy of what is live that fails at this point, and is given back.
    Drill(DrillPoint),
    /// A run that has to do with archives.
    Backup(BackupRequest),
    /// An unfinished run is brought to its end.
    Settle {
        /// A stuck one is tried again.
        retry: bool,
        /// A person's word for a stuck one: `committed` or `rolled-back`.
        accept: Option<String>,
    },
    /// A running run is asked to roll back.
    Abort,
}

/// Where the runner stands. Each state owns only what is valid in it.
#[derive(Debug, Clone)]
pub enum State {
    /// Nothing is known of the target yet.
    Connecting,
    /// It is being looked at. `settled`: an unfinished run has been brought to its end already.
    Probing {
        /// Since when, milliseconds.
        since_ms: i64,
        /// A run that was settled before.
        settled: Option<String>,
        /// Whether the target had turned a run away, so that it is looked at once more.
        again: bool,
    },
    /// The plan is on its way; the first journal line or an answer follows.
    Arming {
        /// The plan.
        plan: Box<Plan>,
        /// Since when.
        since_ms: i64,
        /// Whether someone asked to stop meanwhile.
        cancelled: bool,
        /// Whether the target had turned away a run before this one.
        again: bool,
    },
    /// A run is followed.
    Following(Box<Follow>),
    /// It would be, but the link is gone.
    Rejoining {
        /// What is followed.
        follow: Box<Follow>,
        /// Since when the link is gone.
        since_ms: i64,
        /// When the next try begins; none: one is under way.
        next_ms: Option<i64>,
        /// How many tries there were.
        tries: u32,
    },
    /// The end.
    Done,
}

/// What comes in.
#[derive(Debug)]
pub enum Input {
    /// The connection stands.
    Connected,
    /// It does not.
    ConnectFailed {
        /// Why, with what to do.
        refusal: Refusal,
    },
    /// The probe's reply, and what the live version makes of the http checks.
    Probed {
        /// What the target said.
        reply: Box<Reply>,
        /// One for each check.
        baseline: Vec<Baseline>,
    },
    /// The probe could not be run.
    ProbeFailed(String),
    /// A line of the link.
    Line(LinkLine),
    /// The link's script ended; with a text, because something was lost or failed.
    LinkClosed(Option<String>),
    /// The artifact is on the target.
    Uploaded,
    /// It is not; with `lost` because the link broke.
    UploadFailed {
        /// Why.
        reason: String,
        /// Whether the link broke.
        lost: bool,
    },
    /// The runner's own checks were made.
    Smoked(Vec<Checked>),
    /// SIGINT, SIGTERM or SIGHUP.
    Interrupted,
    /// Time passes.
    Tick,
}

/// One check, made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was checked.
    pub check: String,
    /// Whether it passed.
    pub passed: bool,
    /// Whether its failure decides.
    pub required: bool,
    /// What was seen (untrusted).
    pub note: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// What is to be carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Reach the target.
    Connect,
    /// Look at it, and make the baseline.
    Probe,
    /// Begin the run of this plan over a new link.
    Arm(Box<Plan>),
    /// Open a link to a run that is there.
    Open(Call),
    /// Say something on the link.
    Send(String),
    /// Send the artifact.
    Upload(String),
    /// Make the runner's checks; this revision is to be served, where it is known.
    Smoke(Option<String>),
    /// Tell people.
    Emit(EventKind),
    /// The end of the command.
    Finish(Finish),
}

/// How a link to a run is opened; the words of `link.sh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The run.
    pub run: String,
    /// From the line after this one on.
    pub from: u64,
    /// What for.
    pub mode: CallMode,
}

/// What a link is opened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallMode {
    /// Only follow.
    Follow,
    /// Start recovery, then follow.
    Recover,
    /// Try a stuck run again.
    Retry,
    /// A person's word.
    Accept(String),
}

/// How the command ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// With an outcome.
    Outcome(OutcomeReport),
    /// It was asked for something that cannot be: exit 2.
    Usage(String),
    /// Backstay itself failed: exit 1.
    Fault(String),
    /// A plan was asked for: it, or what stands against it, with what was found.
    Planned {
        /// What was found.
        facts: Box<Facts>,
        /// The plan.
        plan: Result<Box<Plan>, Vec<Refusal>>,
    },
    /// There was nothing to do; its reason says why.
    Nothing(OutcomeReport),
}
