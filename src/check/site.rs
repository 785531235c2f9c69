//! The site that is checked, and the way past its maintenance.

use std::time::Duration;

use reqwest::Url;
use tokio::sync::OnceCell;

use super::{
    From,
    request::{self, Question},
};
use crate::config::Secret;

/// The cookie that Laravel sets in answer to the secret.
const COOKIE: &str = "laravel_maintenance";

/// A site.
#[derive(Debug)]
pub struct Site {
    url: Option<Url>,
    text: String,
    pub(super) revision: Option<String>,
    headers: Vec<(String, Secret)>,
    pub(super) resolve: Option<String>,
    bypass: Option<Secret>,
    cookie: OnceCell<Option<Secret>>,
}

impl Site {
    /// `resolve` is the address to connect to instead of what DNS says, where the target asks; `bypass` leads past maintenance.
    pub fn new(
        url: String,
        revision: Option<String>,
        headers: Vec<(String, Secret)>,
        resolve: Option<String>,
        bypass: Option<Secret>,
    ) -> Self {
        Self { url: Url::parse(&url).ok(), text: url, revision, headers, resolve, bypass, cookie: OnceCell::new() }
    }

    pub(super) fn address(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// A path on the site, or a whole address.
    pub(super) fn join(&self, to: &str) -> Result<Url, String> {
        let base = self.text.trim_end_matches('/');
        let whole = if to.starts_with("http://") || to.starts_with("https://") {
            to.to_owned()
        } else {
            format!("{base}/{}", to.trim_start_matches('/'))
        };
        Url::parse(&whole).map_err(|_| format!("{to:?} is no address on {base}"))
    }

    /// Whether an address is the site's own: scheme, host and port.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        self.url.as_ref().is_some_and(|own| own.origin() == url.origin())
    }

    /// What is sent to the site itself: the configured headers, and the bypass cookie where there is one.
    pub(super) async fn own_headers(&self, from: From<'_>, within: Duration) -> Vec<(String, Secret)> {
        let mut headers = self.headers.clone();
        let cookie = self.cookie.get_or_init(|| self.fetch_cookie(from, within)).await;
        headers.extend(cookie.clone().map(|cookie| ("Cookie".to_owned(), cookie)));
        headers
    }

    /// Asked for once. Without maintenance, and in another framework, no cookie comes, and none is needed.
    async fn fetch_cookie(&self, from: From<'_>, within: Duration) -> Option<Secret> {
        let bypass = self.bypass.as_ref()?;
        let url = self.join(bypass.expose()).ok()?.to_string();
        let question = Question { url, headers: self.headers.clone(), resolve: self.resolve.clone(), within };
        let answer = request::ask(&question, from).await.ok()?;
        let set = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        set.filter_map(|(_, value)| value.split(';').next())
            .find(|pair| pair.split('=').next().is_some_and(|name| name.trim() == COOKIE))
            .map(|pair| Secret::new(pair.trim().to_owned()))
    }
}
