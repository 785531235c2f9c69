//! The POSIX sh that runs on the target, as `.sh` files beside this one, and how values are handed to it.
//! Knows nothing of the runner's control flow.

mod executor;
mod probe;
mod quote;
mod reply;
mod upload;

pub use executor::{LINK, executor};
pub use probe::{CRON, DRILL, LOOK, PROBE, PROBE_START, REQUEST, RUNS, USER_MANAGER};
pub use quote::{params, quote};
pub use reply::{Reply, columns};
pub use upload::UPLOAD;
