//! What happened, as it happens: the one stream that every renderer (bars, plain lines, JSON) consumes.
//!
//! Texts that came from the target, the application or a server are untrusted: they are carried as they came
//! and escaped by the renderer that shows them.

use serde::{Deserialize, Serialize};

use super::{OutcomeReport, RunId};

/// The phases of a run, in the order in which people see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The ssh session is opened.
    Connect,
    /// The target is looked at, read-only.
    Probe,
    /// The plan is uploaded and the executor started.
    Arm,
    /// The release is uploaded and the database copied while the site works.
    Prepare,
    /// Workers stopped, maintenance on.
    Down,
    /// The copy completed and proven.
    Protect,
    /// The migration.
    Migrate,
    /// `current` points to the new release.
    Switch,
    /// Checks through the maintenance bypass.
    Smoke,
    /// Code and data go back.
    Undo,
    /// Maintenance off, workers on.
    Up,
    /// Retention.
    Tidy,
}

impl Phase {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Probe => "probe",
            Self::Arm => "arm",
            Self::Prepare => "prepare",
            Self::Down => "down",
            Self::Protect => "protect",
            Self::Migrate => "migrate",
            Self::Switch => "switch",
            Self::Smoke => "smoke",
            Self::Undo => "undo",
            Self::Up => "up",
            Self::Tidy => "tidy",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum StepResult {
    /// It did what it was to do.
    Done,
    /// It failed; `code` is its exit status.
    Failed {
        /// The exit status; above 128 a signal.
        code: i32,
    },
    /// Its condition did not hold (nothing pending, say).
    Skipped,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When, on the clock of whoever reports it: milliseconds since 1970.
    #[serde(skip)]
    pub at_ms: i64,
    /// The run it belongs to, once there is one.
    pub run: Option<RunId>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// A command begins its work on a target.
    Opened {
        /// `deploy`, `settle`, …
        command: String,
        /// `app` of the configuration.
        app: String,
        /// The environment's name.
        environment: String,
        /// The revision, where one is known.
        revision: Option<String>,
    },
    /// A phase of the runner's own (probe, arm, its part of smoke) begins.
    PhaseBegun {
        /// Which.
        phase: Phase,
    },
    /// It ended well; `note` says what was found.
    PhaseEnded {
        /// Which.
        phase: Phase,
        /// For people, one line.
        note: String,
        /// How long it took.
        duration_ms: u64,
    },
    /// A step begins on the target.
    StepBegun {
        /// The step's name, as in hooks and `failed_step`.
        step: String,
        /// The phase that it belongs to.
        phase: Phase,
        /// Whether this is the step's undo.
        undo: bool,
    },
    /// The newest line of the running step's output (untrusted).
    StepOutput {
        /// The step.
        step: String,
        /// One line, at most a few hundred bytes.
        line: String,
    },
    /// A step ended.
    StepEnded {
        /// The step.
        step: String,
        /// The phase that it belongs to.
        phase: Phase,
        /// Whether this was the step's undo.
        undo: bool,
        /// How.
        #[serde(flatten)]
        result: StepResult,
        /// For people, one line (untrusted: a script wrote it).
        note: String,
        /// How long it took.
        duration_ms: u64,
    },
    /// The target has taken the run over: from here it ends or undoes it alone.
    Taken {
        /// The revision that will be live, where it is known: for a rollback that of the earlier release.
        revision: Option<String>,
    },
    /// Users see maintenance from here.
    MaintenanceOn,
    /// Users see the site again; `downtime_ms` since [`EventKind::MaintenanceOn`].
    MaintenanceOff {
        /// How long users saw maintenance.
        downtime_ms: u64,
        /// Whether it was seen off over HTTP.
        seen: bool,
    },
    /// The target decided to roll back.
    Undoing {
        /// Why, one line.
        reason: String,
    },
    /// The commit record stands: the point of no return forward.
    Commit,
    /// The restored record stands: code and data are as before.
    Restored,
    /// One smoke check was made.
    Checked {
        /// What was checked, such as `GET /health`.
        check: String,
        /// Whether it passed.
        passed: bool,
        /// Whether a failure decides.
        required: bool,
        /// What was seen (untrusted).
        note: String,
        /// How long it took.
        duration_ms: u64,
    },
    /// Something that a person should know and that decides nothing.
    Warning {
        /// One sentence.
        text: String,
    },
    /// A reason to refuse, with its remedy. All of them are told at once.
    Refusal {
        /// What is wrong.
        reason: String,
        /// What to do about it; may have several lines.
        remedy: String,
    },
    /// The link to the target was lost or came back.
    Link {
        /// Whether it is there.
        up: bool,
        /// For people.
        note: String,
    },
    /// The last lines of a failing script's output (untrusted).
    FailureOutput {
        /// The step.
        step: String,
        /// Its last lines.
        lines: Vec<String>,
    },
    /// The end.
    Outcome(OutcomeReport),
}
