//! GitHub Actions: what the runner tells us, what a reviewer is shown, deployments and their statuses. It decides nothing:
//! GitHub being slow, wrong or down never changes how a deploy ends.

mod context;

pub use context::{Context, ContextError};
