//! Configuration and probed facts → a plan: steps with do, undo and parameters. Pure; knows nothing of how a
//! host is reached.

mod bundle;
#[expect(clippy::module_inception, reason = "the plan is what this room is for")]
mod plan;
mod step;

pub use bundle::{BLOCK, Bundle, hex};
pub use plan::{About, Generation, Notify, Plan, Settings, StepSummary, Summary};
pub use step::{After, Condition, Finish, PlanFile, Refusal, Script, Step, Undo};
