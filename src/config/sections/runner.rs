//! `runner`: the lease and the guard.

use crate::{
    config::{
        load::{Resolved, Resolver},
        raw,
        types::{Guard, Lost, Runner},
    },
    model::Span,
};

impl Resolver<'_> {
    pub(in crate::config) fn runner(&self, raw: &raw::Runner) -> Resolved<Runner> {
        let lease = self.span(&["runner", "lease"], raw.lease.as_deref(), Span::from_secs(120))?;
        if lease < Span::from_secs(15) {
            let help = "a dead link is found after some 10 s: less than 15s would roll back for a hiccup".to_owned();
            return Err(self.text.at(&["runner", "lease"], format!("a lease of {lease} is too short"), Some(help)));
        }
        Ok(Runner {
            lease,
            lost: match raw.lost {
                Some(raw::Lost::Wait) => Lost::Wait,
                Some(raw::Lost::Rollback) | None => Lost::Rollback,
            },
            guard: match raw.guard {
                Some(raw::Guard::Cron) => Guard::Cron,
                Some(raw::Guard::Systemd) => Guard::Systemd,
                Some(raw::Guard::None) => Guard::None,
                Some(raw::Guard::Auto) | None => Guard::Auto,
            },
        })
    }
}
