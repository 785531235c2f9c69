//! `hooks`: commands around steps.

use crate::config::{
    error::{item, suggestion},
    load::{Resolved, Resolver},
    raw,
    types::{Hook, HookPoint, HookWhen},
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

impl Resolver<'_> {
    pub(in crate::config) fn hooks(&self, raw: Option<raw::Ordered<Vec<raw::Hook>>>) -> Resolved<Vec<HookPoint>> {
        let mut points = Vec::new();
        for (key, hooks) in raw.map_or(Vec::new(), |r| r.0) {
            let step = |prefix: &str| key.strip_prefix(prefix).filter(|s| STEPS.contains(s)).map(str::to_owned);
            let when = match key.as_str() {
                "after-commit" => HookWhen::AfterCommit,
                "after-rollback" => HookWhen::AfterRollback,
                _ => step("before-").map(HookWhen::Before).or_else(|| step("after-").map(HookWhen::After)).ok_or_else(
                    || {
                        let known: Vec<String> =
                            STEPS.iter().flat_map(|s| [format!("before-{s}"), format!("after-{s}")]).collect();
                        let known: Vec<&str> =
                            known.iter().map(String::as_str).chain(["after-commit", "after-rollback"]).collect();
                        self.text.at(
                            &["hooks", &key],
                            format!("there is no hook `{key}`"),
                            Some(suggestion(&key, &known)),
                        )
                    },
                )?,
            };
            let hooks = hooks.into_iter().enumerate();
            let hooks = hooks.map(|(number, hook)| self.hook(&key, &item(number), hook)).collect::<Resolved<_>>()?;
            points.push(HookPoint { when, hooks });
        }
        Ok(points)
    }

    fn hook(&self, key: &str, item: &str, raw: raw::Hook) -> Resolved<Hook> {
        Ok(match raw {
            raw::Hook::Command(command) => Hook { name: None, command, undo: None, timeout: None },
            raw::Hook::Full(full) => Hook {
                name: full.name,
                command: full.action,
                undo: full.undo,
                timeout: self.limit(&["hooks", key, item, "timeout"], full.timeout.as_deref())?,
            },
        })
    }
}
