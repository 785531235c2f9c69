//! `tidy`: retention of releases, run folders and copies. Its failure is a warning.

use super::script;
use crate::{
    config::Config,
    model::{Phase, Span},
    plan::{After, Finish},
};

/// Runs in both directions, last.
pub fn tidy_finish(config: &Config) -> Finish {
    Finish {
        name: "tidy".to_owned(),
        phase: Phase::Tidy,
        action: script!("steps/tidy.sh"),
        after: After::Either,
        only_if_begun: None,
        required: false,
        params: vec![("KEEP_RELEASES", config.release.keep.to_string())],
        files: Vec::new(),
        // removing releases from a slow disk takes its time; it must not take for ever
        timeout: Some(Span::from_secs(600)),
    }
}
