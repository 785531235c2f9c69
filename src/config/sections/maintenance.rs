//! `maintenance`: when and how users see it.

use crate::{
    config::{
        load::{Resolved, Resolver},
        raw,
        types::{Maintenance, MaintenanceCommands, OnLeak, Preset, When},
    },
    model::Span,
};

impl Resolver<'_> {
    pub(in crate::config) fn maintenance(&self, preset: Preset, raw: raw::Maintenance) -> Resolved<Maintenance> {
        let when = match raw.when {
            Some(raw::When::Always) => When::Always,
            Some(raw::When::Never) => When::Never,
            Some(raw::When::Pending) | None => When::Pending,
        };
        let own = [("on", raw.on.is_some()), ("off", raw.off.is_some()), ("check", raw.check.is_some())];
        if let (Preset::Laravel, Some((key, _))) = (preset, own.iter().find(|(_, is_there)| *is_there)) {
            let help = Some("on, off and check belong to preset custom".to_owned());
            return Err(self.text.at(&["maintenance", key], format!("`{key}` has no use here: artisan does it"), help));
        }
        let commands = match (raw.on, raw.off) {
            (Some(on), Some(off)) => Some(MaintenanceCommands { on, off, check: raw.check }),
            (None, None) if raw.check.is_none() => None,
            (Some(_) | None, _) => {
                let help = Some("write both, `on` and `off`".to_owned());
                return Err(self.text.at(&["maintenance"], "one of `on` and `off` is missing", help));
            }
        };
        if preset == Preset::Custom && when != When::Never && commands.is_none() {
            let help = "preset custom needs `maintenance: {on: …, off: …}`, or `when: never`".to_owned();
            return Err(self.text.at(
                &["maintenance", "when"],
                "it is not said how maintenance goes on and off",
                Some(help),
            ));
        }
        Ok(Maintenance {
            when,
            retry_after: self.span(&["maintenance", "retry_after"], raw.retry_after.as_deref(), Span::from_secs(60))?,
            drain: self.span(&["maintenance", "drain"], raw.drain.as_deref(), Span::from_secs(10))?,
            max: self.limit(&["maintenance", "max"], raw.max.as_deref())?,
            on_leak: match raw.on_leak {
                Some(raw::OnLeak::Warn) => OnLeak::Warn,
                Some(raw::OnLeak::Refuse) | None => OnLeak::Refuse,
            },
            commands,
        })
    }
}
