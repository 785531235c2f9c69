//! `hooks`: commands around steps.

use crate::config::{
    error::{item, suggestion},
    load::{Resolved, Resolver},
    raw,
    types::{Config, Engine, Hook, HookPoint, HookWhen, Strategy, When},
};

/// The steps that hooks can stand beside.
const STEPS: [&str; 9] = [
    "workers-stop",
    "maintenance-on",
    "protect",
    "migrate",
    "switch",
    "smoke",
    "maintenance-off",
    "workers-start",
    "tidy",
];

/// Those of them that follow the decision.
const STEPS_AFTER: [&str; 3] = ["maintenance-off", "workers-start", "tidy"];

impl Resolver<'_> {
    /// `config` is all the rest.
    pub(in crate::config) fn hooks(
        &self,
        raw: Option<raw::Ordered<Vec<raw::Hook>>>,
        config: &Config,
    ) -> Resolved<Vec<HookPoint>> {
        let mut points = Vec::new();
        for (key, hooks) in raw.map_or(Vec::new(), |r| r.0) {
            let when = self.when(&key)?;
            if let HookWhen::Before(step) | HookWhen::After(step) = &when
                && let Some(why) = absence(step, config)
            {
                let message = format!("{why}, so there is no step {step}: this hook would never run");
                let help = "leave it out; or reset it for this environment alone, by null under `override`".to_owned();
                return Err(self.text.at(&["hooks", &key], message, Some(help)));
            }
            let hooks = hooks.into_iter().enumerate();
            let hooks =
                hooks.map(|(number, hook)| self.hook(&key, &item(number), &when, hook)).collect::<Resolved<_>>()?;
            points.push(HookPoint { when, hooks });
        }
        Ok(points)
    }

    fn when(&self, key: &str) -> Resolved<HookWhen> {
        let step = |prefix: &str| key.strip_prefix(prefix).filter(|s| STEPS.contains(s)).map(str::to_owned);
        match key {
            "after-commit" => return Ok(HookWhen::AfterCommit),
            "after-rollback" => return Ok(HookWhen::AfterRollback),
            _ => {}
        }
        step("before-").map(HookWhen::Before).or_else(|| step("after-").map(HookWhen::After)).ok_or_else(|| {
            let known: Vec<String> = STEPS.iter().flat_map(|s| [format!("before-{s}"), format!("after-{s}")]).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).chain(["after-commit", "after-rollback"]).collect();
            self.text.at(&["hooks", key], format!("there is no hook `{key}`"), Some(suggestion(key, &known)))
        })
    }

    fn hook(&self, key: &str, item: &str, when: &HookWhen, raw: raw::Hook) -> Resolved<Hook> {
        let full = match raw {
            raw::Hook::Command(command) => return Ok(Hook { name: None, command, undo: None, timeout: None }),
            raw::Hook::Full(full) => full,
        };
        let is_after_decision = match when {
            HookWhen::AfterCommit | HookWhen::AfterRollback => true,
            HookWhen::Before(step) | HookWhen::After(step) => STEPS_AFTER.contains(&step.as_str()),
        };
        if is_after_decision && full.undo.is_some() {
            let help = "leave it out: when this hook runs, nothing is undone any more".to_owned();
            return Err(self.text.at(
                &["hooks", key, item, "undo"],
                format!("`undo` of {key} would never run"),
                Some(help),
            ));
        }
        Ok(Hook {
            name: full.name,
            command: full.action,
            undo: full.undo,
            timeout: self.limit(&["hooks", key, item, "timeout"], full.timeout.as_deref())?,
        })
    }
}

/// Why a deploy of this configuration never has that step; none: it may.
fn absence(step: &str, config: &Config) -> Option<&'static str> {
    let is_protected = config.databases.iter().any(|database| database.engine != Engine::None);
    let has_migration = config.migrate.command.is_some();
    match step {
        "workers-stop" | "maintenance-on" | "maintenance-off" | "protect" if config.maintenance.when == When::Never => {
            Some("maintenance.when is never")
        }
        "protect" | "migrate" if !has_migration => Some("there is no migrate.command"),
        "protect" if !is_protected => Some("no database is protected"),
        "switch" if config.release.strategy == Strategy::None => Some("release.strategy is none"),
        _ => None,
    }
}
