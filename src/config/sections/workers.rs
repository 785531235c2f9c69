//! `workers`: what works in the background.

use crate::{
    config::{
        error::item,
        load::{Resolved, Resolver},
        raw,
        types::{Worker, WorkerKind},
    },
    model::Span,
};

impl Resolver<'_> {
    pub(in crate::config) fn workers(&self, raw: Vec<raw::Worker>) -> Resolved<Vec<Worker>> {
        raw.into_iter().enumerate().map(|(number, worker)| self.worker(&item(number), worker)).collect()
    }

    fn worker(&self, item: &str, raw: raw::Worker) -> Resolved<Worker> {
        let missing = |key: &str, kind: &str| {
            let help = Some(format!("a worker of kind {kind} needs `{key}`"));
            self.text.at(&["workers", item], format!("this worker has no `{key}`"), help)
        };
        let (kind, keys) = match raw.kind {
            raw::WorkerKind::Supervisor => ("supervisor", &["name", "config"][..]),
            raw::WorkerKind::Queue => ("queue", &[][..]),
            raw::WorkerKind::Command => ("command", &["stop", "start", "check"][..]),
        };
        let given = [
            ("name", &raw.name),
            ("config", &raw.config),
            ("stop", &raw.stop),
            ("start", &raw.start),
            ("check", &raw.check),
        ];
        if let Some((key, _)) = given.iter().find(|(key, value)| value.is_some() && !keys.contains(key)) {
            let message = format!("`{key}` has no use for a worker of kind {kind}");
            return Err(self.text.at(&["workers", item, key], message, Some("leave it out".to_owned())));
        }
        let kind = match raw.kind {
            raw::WorkerKind::Supervisor => WorkerKind::Supervisor {
                name: raw.name.ok_or_else(|| missing("name", "supervisor"))?,
                config: raw.config,
            },
            raw::WorkerKind::Queue => WorkerKind::Queue,
            raw::WorkerKind::Command => WorkerKind::Command {
                stop: raw.stop.ok_or_else(|| missing("stop", "command"))?,
                start: raw.start.ok_or_else(|| missing("start", "command"))?,
                check: raw.check,
            },
        };
        Ok(Worker { kind, grace: self.span(&["workers", item, "grace"], raw.grace.as_deref(), Span::from_secs(60))? })
    }
}
