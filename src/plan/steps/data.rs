//! `copy`, `protect` and `data-open`: the databases' copies, made while the site works, completed and proven in maintenance.

use super::script;
use crate::{
    model::{Phase, Span},
    plan::{After, Condition, Finish, Step, Undo},
};

/// Copies beside the live data, where the engine can make them there.
pub fn copy_step(only_if: Condition) -> Step {
    Step {
        name: "copy".to_owned(),
        phase: Phase::Prepare,
        action: script!("database/copy.sh"),
        undo: Undo::Script(script!("database/discard.sh")),
        params: Vec::new(),
        files: Vec::new(),
        only_if,
        timeout: None,
    }
}

/// The copies completed and proven equal; its undo brings the data back.
pub fn protect_step(only_if: Condition) -> Step {
    Step {
        name: "protect".to_owned(),
        phase: Phase::Protect,
        action: script!("database/protect.sh"),
        undo: Undo::Script(script!("database/unprotect.sh")),
        params: Vec::new(),
        files: Vec::new(),
        only_if,
        timeout: None,
    }
}

/// What was closed for the run at the databases (accounts, events) is opened, before users are let in.
pub fn data_open() -> Finish {
    Finish {
        name: "data-open".to_owned(),
        phase: Phase::Up,
        action: script!("database/open.sh"),
        after: After::Either,
        only_if_begun: Some("protect"),
        required: true,
        params: Vec::new(),
        files: Vec::new(),
        timeout: Some(Span::from_secs(120)),
    }
}
