//! Text → a valid [`Config`]. Knows no files and no network: texts and variables come in as values.

mod types;

pub use types::*;
