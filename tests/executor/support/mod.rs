//! A run to try the executor on: a folder as the app, a home, and the shell that everything on it uses.

mod ground;
mod judge;
mod shell;

pub use ground::{FAULT, Ground, await_exit, end_all_below, eventually};
pub use judge::judge;
pub use shell::{SHELLS, Shell, under_each_shell};
