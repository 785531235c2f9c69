//! The artifact of a deploy: which are taken, what they are packed into, how they get to a target, and what the steps
//! there make of them.

mod packed;
mod place;
#[expect(dead_code, reason = "tests of the target need more of it")]
#[path = "../sshd/mod.rs"]
mod sshd;
mod steps;
mod taken;
mod upload;
