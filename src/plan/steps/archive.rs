//! `archive`, `archive-copies`, `verify`, `try`, `upload`, `load`, `prune`: what is done with archives.

use super::script;
use crate::{
    config::Config,
    model::Phase,
    plan::{After, Condition, Finish, Script, Step, Undo},
};

/// An archive of every database of the run, while the site works.
pub fn archive_step() -> Step {
    step("archive", script!("database/archive.sh"), Undo::Script(script!("database/archive-undo.sh")), vec![])
}

/// After the commit, outside the downtime: archives of what the run has sealed, where that is configured.
pub fn archive_copies(config: &Config) -> Option<Finish> {
    let named: Vec<&str> =
        config.databases.iter().filter(|database| database.archive).map(|database| database.name.as_str()).collect();
    (!named.is_empty()).then(|| Finish {
        name: "archive-copies".to_owned(),
        phase: Phase::Tidy,
        action: script!("database/archive-copy.sh"),
        after: After::Commit,
        only_if_begun: Some("protect"),
        required: false,
        params: vec![("ARCHIVED", named.join(" "))],
        files: Vec::new(),
        timeout: None,
    })
}

/// The archives that are to be brought back are whole.
pub fn verify_step() -> Step {
    step("verify", script!("database/verify.sh"), Undo::Nothing("it only reads"), vec![])
}

/// Archives, each loaded into a scratch database and taken away again.
pub fn try_step(names: &[String]) -> Step {
    let discard = Undo::Script(script!("database/discard.sh"));
    step("try", script!("database/try.sh"), discard, vec![("TRIED", names.join(" "))])
}

/// A file of statements arrives from the runner. It has no timeout of its own: the lease ends the wait.
pub fn upload_step() -> Step {
    step("upload", script!("database/upload.sh"), Undo::Nothing("what came goes with the run"), vec![])
}

/// What is to be brought back, loaded beside the live data.
pub fn load_step() -> Step {
    step("load", script!("database/load.sh"), Undo::Script(script!("database/discard.sh")), vec![])
}

/// Archives that retention lets go.
pub fn prune_step(names: &[String]) -> Step {
    let undo = Undo::Nothing("what retention lets go is gone");
    step("prune", script!("database/prune.sh"), undo, vec![("REMOVED", names.join(" "))])
}

fn step(name: &str, action: Script, undo: Undo, params: Vec<(&'static str, String)>) -> Step {
    Step {
        name: name.to_owned(),
        phase: Phase::Prepare,
        action,
        undo,
        params,
        files: Vec::new(),
        only_if: Condition::Always,
        timeout: None,
    }
}
