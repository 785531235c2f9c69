//! GitHub Actions: what the runner tells us, what a reviewer is shown, deployments and their statuses. It decides nothing:
//! GitHub being slow, wrong or down never changes how a deploy ends.

mod api;
pub mod commands;
mod context;
mod deployments;
mod ending;
mod files;
mod key;
mod markdown;
mod poster;
mod status;
mod trouble;

pub use context::{Context, ContextError};
pub use deployments::{Announcement, Closed, Deployments, LAST_WORD};
pub use ending::Ending;
pub use files::{outputs, write_outputs, write_summary};
pub use key::KeyFile;
pub use markdown::{cell, in_a_sentence, markdown, outcome_word};
pub use status::{State, Status};
