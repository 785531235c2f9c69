//! `notify`: who is told how a run ended, by the executor itself.

use super::script;
use crate::{
    config::{Config, NotifyOn},
    plan::Notify,
};

/// Nobody when there is no command.
pub fn notify(config: &Config) -> Option<Notify> {
    let command = config.notify.command.clone()?;
    let on = config.notify.on.iter().map(|on| match on {
        NotifyOn::Committed => "committed",
        NotifyOn::RolledBack => "rolled-back",
        NotifyOn::Stuck => "stuck",
    });
    Some(Notify { action: script!("steps/notify.sh"), command: format!("{command}\n"), on: on.collect() })
}
