//! What every room shares: ids, durations, outcomes, events. Knows nothing else.

mod event;
mod outcome;
mod run_id;
mod span;

pub use event::{Event, EventKind, Phase, StepResult};
pub use outcome::{Cause, Data, Fence, Outcome, OutcomeReport, Proof, RunKind};
pub use run_id::{InvalidRunId, RunId};
pub use span::{InvalidSpan, Span};
