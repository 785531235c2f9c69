//! `smoke`: the checks before the commit.

use serde_yaml::Mapping;

use crate::{
    config::{
        error::item,
        load::{Resolved, Resolver},
        raw,
        types::{Check, CheckKind, HttpCheck, RevisionCheck, Smoke},
    },
    model::Span,
};

impl Resolver<'_> {
    /// `url` is where the environment's site is.
    pub(in crate::config) fn smoke(&self, raw: raw::Smoke, url: Option<&str>) -> Resolved<Smoke> {
        let checks = raw.checks.unwrap_or_default().into_iter().enumerate();
        let checks = checks.map(|(number, check)| self.check(&item(number), check, url)).collect::<Resolved<_>>()?;
        Ok(Smoke { before: raw.before.unwrap_or_default(), checks })
    }

    fn check(&self, item: &str, raw: raw::Check, url: Option<&str>) -> Resolved<Check> {
        let wrong = |message: &str| {
            let help = Some("each check has exactly one of http, revision, tls, command".to_owned());
            self.text.at(&["smoke", "checks", item], message, help)
        };
        let only_http = raw.status.is_some()
            || raw.json.is_some()
            || raw.headers.is_some()
            || raw.body.is_some()
            || raw.redirects.is_some();
        let kind = match (raw.http, raw.revision, raw.tls, raw.command) {
            (Some(http), None, None, None) => CheckKind::Http(HttpCheck {
                http,
                status: match raw.status {
                    Some(raw::OneOrMany::One(status)) => vec![status],
                    Some(raw::OneOrMany::Many(statuses)) => statuses,
                    None => vec![200],
                },
                json: json_pairs(&raw.json.unwrap_or_default())
                    .ok_or_else(|| wrong("a value in `json` cannot be in JSON"))?,
                headers: raw.headers.unwrap_or_default().into_iter().collect(),
                body: raw.body,
                redirects: raw.redirects.unwrap_or(0),
            }),
            (None, Some(revision), None, None) if !only_http => {
                CheckKind::Revision(RevisionCheck { http: revision.http, json: revision.json })
            }
            (None, None, Some(tls), None) if !only_http => CheckKind::Tls { days: tls.days },
            (None, None, None, Some(command)) if !only_http => CheckKind::Command { command },
            (None, ..) if only_http => {
                return Err(wrong("status, json, headers, body and redirects belong to a check with http"));
            }
            _ => return Err(wrong("a check has none, or several, of http, revision, tls, command")),
        };
        let name = match &kind {
            CheckKind::Http(_) => Some("http"),
            CheckKind::Revision(_) => Some("revision"),
            CheckKind::Tls { .. } => Some("tls"),
            CheckKind::Command { .. } => None,
        };
        if let (Some(name), None) = (name, url) {
            let message = format!("this check asks the site, and environment `{}` has no `url`", self.environment);
            let help =
                "write the address that users have there, or give that environment checks of its own under `override`";
            return Err(self.text.at(&["smoke", "checks", item, name], message, Some(help.to_owned())));
        }
        let attempts = raw.attempts.unwrap_or(1);
        if attempts == 0 {
            let message = "a check cannot be tried 0 times";
            let help = Some("write 1 or more, or leave the check out".to_owned());
            return Err(self.text.at(&["smoke", "checks", item, "attempts"], message, help));
        }
        Ok(Check {
            kind,
            required: raw.required.unwrap_or(true),
            attempts,
            every: self.span(&["smoke", "checks", item, "every"], raw.every.as_deref(), Span::from_secs(2))?,
            within: self.span(&["smoke", "checks", item, "within"], raw.within.as_deref(), Span::from_secs(10))?,
        })
    }
}

fn json_pairs(map: &Mapping) -> Option<Vec<(String, serde_json::Value)>> {
    map.iter().map(|(key, value)| Some((key.as_str()?.to_owned(), serde_json::to_value(value).ok()?))).collect()
}
