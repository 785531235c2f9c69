//! Text → a valid [`Config`]. Knows no files and no network: texts and variables come in as values.

mod error;
mod load;
mod preset;
mod raw;
mod sections;
mod show;
#[cfg(test)]
mod tests;
mod types;
mod variables;

pub use error::ConfigError;
pub use load::{Beside, Source, load, load_beside};
pub use show::schema;
pub use types::*;
