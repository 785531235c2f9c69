//! Configuration and probed facts → a plan: steps with do, undo and parameters. Pure; knows nothing of how a
//! host is reached.

mod step;

pub use step::{After, Condition, Finish, PlanFile, Refusal, Script, Step, Undo};
