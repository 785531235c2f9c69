//! Journal lines ↔ facts, and facts folded into a state. No I/O; it does not know how a journal is reached.
//!
//! The executor writes the journal (`src/scripts/executor/journal.sh`); nobody else does.

mod entry;
mod run_state;

pub use entry::{Direction, Entry, Fact, InvalidEntry, written};
pub use run_state::{Abort, End, RunState, step_name};
