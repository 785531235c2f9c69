//! GitHub Actions: what the runner tells us, what a reviewer is shown, deployments and their statuses. It decides nothing:
//! GitHub being slow, wrong or down never changes how a deploy ends.

pub mod commands;
mod context;
mod files;
mod key;
mod markdown;

pub use context::{Context, ContextError};
pub use files::{write_outputs, write_summary};
pub use key::KeyFile;
pub use markdown::{in_a_sentence, markdown, outcome_word};
