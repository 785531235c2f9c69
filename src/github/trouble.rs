//! What GitHub, or the way to it, answered instead: whether asking again helps, and what a person should do.

use std::time::Duration;

use octocrab::{Error, GitHubError, models::RepositoryId};
use reqwest::{
    StatusCode,
    header::{HeaderMap, LOCATION, RETRY_AFTER},
};

use super::status::cut;
use crate::report::{one_line, time::moment};

/// What is shown of a foreign text.
const FOREIGN_MAX: usize = 300;
/// GitHub asks for a minute where it limits without saying for how long.
const UNSAID_WAIT: Duration = Duration::from_mins(1);
/// The longest wait that it is taken at its word for.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// Why a request did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// GitHub said no; asking again changes nothing.
    Refused(String),
    /// No answer, or none that says anything: a write may have been done.
    Unclear(String),
    /// Nothing was done, and nothing will be for so long.
    Limited(Duration, String),
    /// The repository has moved; nothing was done.
    Moved(RepositoryId),
    /// There is no such thing.
    Missing(String),
}

impl Trouble {
    /// For people.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Refused(text) | Self::Unclear(text) | Self::Limited(_, text) | Self::Missing(text) => text.clone(),
            Self::Moved(_) => "the repository has moved, again and again".to_owned(),
        }
    }

    /// `api_url` is whom we asked; `now` in seconds since 1970.
    pub(super) fn of(error: &Error, api_url: &str, now: u64) -> Self {
        if let Error::GitHub { source, .. } = error { answered(source, api_url, now) } else { transport(error) }
    }
}

fn answered(error: &GitHubError, api_url: &str, now: u64) -> Trouble {
    let none = HeaderMap::new();
    let headers = error.headers.as_ref().unwrap_or(&none);
    let said = said(error);
    let status = error.status_code;
    if status.is_redirection() {
        return match moved(headers, api_url) {
            Some(id) => Trouble::Moved(id),
            None => Trouble::Refused(format!("GitHub sends to another address, which is not followed ({said})")),
        };
    }
    if let Some(wait) = limit(error, headers, now) {
        let wait = wait.min(WAIT_MAX);
        let end =
            i64::try_from((now + wait.as_secs()).saturating_mul(1000)).map_or_else(|_| "later".to_owned(), moment);
        return Trouble::Limited(
            wait,
            format!("GitHub's rate limit is reached ({said}); it takes no request before {end}"),
        );
    }
    match status {
        StatusCode::UNAUTHORIZED => Trouble::Refused(format!("GitHub does not know the token ({said})")),
        StatusCode::FORBIDDEN => Trouble::Refused(format!(
            "the job's token may not write deployments ({said}): add `deployments: write` below `permissions:` in the \
             workflow, beside `contents: read`"
        )),
        StatusCode::NOT_FOUND => Trouble::Missing(format!(
            "GitHub finds no such thing, or the job's token may not see it ({said}): `permissions:` in the workflow needs \
             `deployments: write` and `contents: read`"
        )),
        StatusCode::CONFLICT => Trouble::Refused(format!("GitHub takes no deployment of this commit ({said})")),
        StatusCode::REQUEST_TIMEOUT => Trouble::Unclear(format!("GitHub gave up ({said})")),
        status if status.is_client_error() => Trouble::Refused(format!("GitHub refused the request ({said})")),
        _ => Trouble::Unclear(format!("GitHub failed ({said})")),
    }
}

/// Status and message, and of the details what GitHub wrote for people.
fn said(error: &GitHubError) -> String {
    let mut text = format!("{}: {}", error.status_code.as_u16(), error.message);
    for detail in error.errors.iter().flatten() {
        let field = |name| detail.get(name).and_then(serde_json::Value::as_str);
        let detail = match (field("message"), field("field"), field("code")) {
            (Some(message), _, _) => message.to_owned(),
            (None, Some(name), Some(code)) => format!("{name} is {code}"),
            (None, _, _) => detail.as_str().map_or_else(|| detail.to_string(), str::to_owned),
        };
        text.push_str("; ");
        text.push_str(&detail);
    }
    foreign(&text)
}

/// How long GitHub wants to be left alone.
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
fn limit(error: &GitHubError, headers: &HeaderMap, now: u64) -> Option<Duration> {
    if !matches!(error.status_code, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number(RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds));
    }
    let is_spent = number("x-ratelimit-remaining") == Some(0);
    if let (true, Some(reset)) = (is_spent, error.rate_limit_reset) {
        // their clock and ours differ by a little
        return Some(Duration::from_secs(reset.saturating_sub(now) + 1));
    }
    let is_limit = is_spent
        || error.status_code == StatusCode::TOO_MANY_REQUESTS
        || error.message.to_lowercase().contains("rate limit");
    is_limit.then_some(UNSAID_WAIT)
}

/// A renamed repository is found by its number, at the same server: the token goes nowhere else.
fn moved(headers: &HeaderMap, api_url: &str) -> Option<RepositoryId> {
    let to = headers.get(LOCATION)?.to_str().ok()?;
    let base = api_url.trim_end_matches('/');
    let path = to.strip_prefix(base).or_else(|| to.starts_with('/').then_some(to))?;
    let path = path.trim_start_matches("/api/v3");
    let id = path.strip_prefix("/repositories/")?.split('/').next()?;
    id.parse::<u64>().ok().map(RepositoryId)
}

fn transport(error: &Error) -> Trouble {
    let mut innermost: &dyn std::error::Error = error;
    let mut request = None;
    let mut garbage = false;
    loop {
        request = request.or_else(|| innermost.downcast_ref::<reqwest::Error>());
        garbage |= innermost.is::<serde_json::Error>();
        let Some(source) = innermost.source() else { break };
        innermost = source;
    }
    match request {
        Some(request) if request.is_timeout() => Trouble::Unclear("no answer from GitHub in time".to_owned()),
        Some(_) => Trouble::Unclear(format!("no answer from GitHub: {}", foreign(&innermost.to_string()))),
        None if garbage => {
            Trouble::Unclear(format!("an answer that is not GitHub's: {}", foreign(&innermost.to_string())))
        }
        None => {
            Trouble::Unclear(format!("no use could be made of GitHub's answer: {}", foreign(&innermost.to_string())))
        }
    }
}

fn foreign(text: &str) -> String {
    cut(&one_line(text), FOREIGN_MAX)
}
