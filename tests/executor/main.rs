//! The executor alone, under every shell that a target may have: no ssh, no application, plans of a few lines.
//!
//! Each claim is made for dash, bash (as `sh`) and busybox; the latter with its own applets in place of coreutils.

#[path = "../cases/mod.rs"]
mod cases;
mod support;

mod archives;
mod crashes;
mod disk;
mod endings;
mod faults;
mod guard;
mod left_over;
mod link;
mod locks;
mod prove;
mod recovery;
mod settle;
mod text;
mod troubles;
