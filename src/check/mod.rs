//! Smoke checks: what the site answers, made from here or from the target, judged alike. Knows nothing of runs.

mod judge;
mod request;
mod site;
mod tls;

use std::time::{Duration, Instant};

pub use site::Site;
pub(crate) use tls::install_provider;

use self::request::{Answer, Question};
use crate::{
    config::{Check, CheckKind},
    target::Target,
};

/// Where a request is made.
#[derive(Debug, Clone, Copy)]
pub enum From<'a> {
    /// On this machine.
    Runner,
    /// On the target, behind NAT, a CDN, basic auth: with curl, else with this PHP.
    Target(&'a Target, &'a str),
}

/// What a check has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What was checked, such as `GET /health`.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// Whether its failure decides.
    pub required: bool,
    /// What was seen (untrusted).
    pub note: String,
    /// How long the last try took.
    pub duration_ms: u64,
}

impl Verdict {
    /// Of a check that could not be made.
    pub fn unmade(check: &Check, why: &str) -> Self {
        let name = name(&check.kind);
        Self { name, passed: false, required: check.required, note: why.to_owned(), duration_ms: 0 }
    }
}

/// Makes one check, as often as it may be tried. Command checks are made by a step on the target; here they fail.
pub async fn check(check: &Check, site: &Site, from: From<'_>) -> Verdict {
    let name = name(&check.kind);
    let mut left = check.attempts.max(1);
    loop {
        let began = Instant::now();
        let seen = once(check, site, from).await;
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        left -= 1;
        match seen {
            Ok(note) => return Verdict { name, passed: true, required: check.required, note, duration_ms },
            Err(note) if left == 0 => {
                return Verdict { name, passed: false, required: check.required, note, duration_ms };
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(check.every.ms())).await,
        }
    }
}

fn name(kind: &CheckKind) -> String {
    match kind {
        CheckKind::Http(http) => format!("GET {}", http.http),
        CheckKind::Revision(_) => "revision".to_owned(),
        CheckKind::Tls { .. } => "tls".to_owned(),
        CheckKind::Command { command } => command.clone(),
    }
}

/// What was seen; as an error what was wrong with it.
async fn once(check: &Check, site: &Site, from: From<'_>) -> Result<String, String> {
    let within = Duration::from_millis(check.within.ms());
    match &check.kind {
        CheckKind::Http(http) => {
            let answer = ask(&http.http, http.redirects, within, site, from).await?;
            judge::http(http, &answer, within)
        }
        CheckKind::Revision(revision) => {
            let expected =
                site.revision.as_deref().ok_or("which revision is deployed is not known: say it with --revision")?;
            let answer = ask(&revision.http, 0, within, site, from).await?;
            judge::revision(revision, &answer, expected)
        }
        CheckKind::Tls { days } => tls::check(site, *days, within, from).await,
        CheckKind::Command { .. } => Err("a command is checked on the target".to_owned()),
    }
}

/// The answer after at most so many redirects. The bypass cookie and the site's headers go to the site alone.
async fn ask(to: &str, redirects: u32, within: Duration, site: &Site, from: From<'_>) -> Result<Answer, String> {
    let mut url = site.join(to)?;
    let mut left = redirects;
    loop {
        let headers = if site.is_own(&url) { site.own_headers(from, within).await } else { Vec::new() };
        let resolve = site.resolve.clone().filter(|_| site.is_own(&url));
        let question = Question { url: url.to_string(), headers, resolve, within };
        let answer = request::ask(&question, from).await?;
        match answer.header("location") {
            Some(location) if left > 0 && (300..400).contains(&answer.status) => {
                left -= 1;
                url = url.join(location).map_err(|_| format!("a redirect to what is no address: {location:?}"))?;
            }
            Some(_) | None => return Ok(answer),
        }
    }
}
