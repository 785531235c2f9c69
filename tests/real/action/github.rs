//! The GitHub of these tests: the one that remembers its deployments, as `tests/github` has it.

#[expect(dead_code, reason = "its own tests need more of it")]
#[path = "../../github/support/github.rs"]
mod fake;

pub use fake::{Fault, GitHub, On};

/// What it lets in.
pub const TOKEN: &str = "ghs_TheTokenOfTheTest";

/// It runs on threads of its own.
pub fn start() -> GitHub {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(GitHub::start())
}
