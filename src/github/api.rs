//! The requests that are made of GitHub, one at a time, through octocrab. Nothing is repeated here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use octocrab::{
    Octocrab,
    models::{
        DeploymentId, RepositoryId,
        repos::{Deployment, DeploymentStatusState},
    },
    repos::RepoHandler,
};
use reqwest::{Url, redirect};
use serde_json::{Value, json};

use super::{
    Announcement, Context,
    status::{State, Status},
    trouble::Trouble,
};
use crate::{check::install_provider, config::Secret};

/// GitHub ends a request of its own after 10 s; one that takes half of that is not worth more waiting.
const REQUEST_MAX: Duration = Duration::from_secs(5);
/// Deployments on a page, the most that GitHub gives.
const PAGE: u8 = 100;
/// Pages of deployments of one commit to one environment that are searched for a key.
const PAGES_MAX: u32 = 5;
/// Earlier deployments of an environment that are looked at for the one that was live.
const EARLIER_MAX: usize = 10;

/// A repository's deployments.
pub(super) struct Api {
    client: Octocrab,
    api_url: String,
    repository: Repository,
    log_url: String,
}

/// A status as GitHub shows it: its state and description.
pub(super) type Newest = (DeploymentStatusState, String);

enum Repository {
    Named(String, String),
    Numbered(RepositoryId),
}

impl Api {
    /// Asks nothing yet.
    pub(super) fn new(context: &Context, token: &Secret) -> Result<Self, Trouble> {
        let refused = |text: &str| Trouble::Refused(text.to_owned());
        // octocrab panics at what is no address or no header
        let url =
            Url::parse(&context.api_url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.ok_or_else(|| refused("GITHUB_API_URL is not the address of an API"))?;
        let token = token.expose().trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused("GITHUB_TOKEN is empty, or no token: give it to the step with `env:`"));
        }
        let named = context.repository.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name));
        let (owner, name) = named.ok_or_else(|| refused("GITHUB_REPOSITORY is not `owner/name`"))?;
        install_provider();
        // It takes the proxy from HTTPS_PROXY and NO_PROXY. Redirects are followed by hand: it would turn a POST into a GET.
        let http = reqwest::Client::builder()
            .timeout(REQUEST_MAX)
            .connect_timeout(REQUEST_MAX)
            .redirect(redirect::Policy::none());
        let http =
            http.build().map_err(|_| refused("no HTTP client could be made: are the system's certificates there?"))?;
        let client = Octocrab::builder()
            .personal_token(token)
            .base_uri(context.api_url.as_str())
            .and_then(|builder| builder.build_with_reqwest(http))
            .map_err(|_| refused("no client could be made for GITHUB_API_URL"))?;
        Ok(Self {
            client,
            api_url: context.api_url.clone(),
            repository: Repository::Named(owner.to_owned(), name.to_owned()),
            log_url: context.log_url(),
        })
    }

    /// From here on the repository is asked for by its number.
    pub(super) fn follow(&mut self, to: RepositoryId) {
        self.repository = Repository::Numbered(to);
    }

    /// Whether there is a deployment of that id, and of this app's.
    pub(super) async fn has(&self, id: u64, what: &Announcement) -> Result<bool, Trouble> {
        match self.read(self.repo().deployments().get(DeploymentId(id)).await) {
            Ok(deployment) => Ok(is_of(&deployment, what) && deployment.environment == what.environment),
            Err(Trouble::Missing(_)) => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

    /// The deployment that was made with this key, by whomever.
    pub(super) async fn find(&self, what: &Announcement) -> Result<Option<u64>, Trouble> {
        for page in 1..=PAGES_MAX {
            let repo = self.repo();
            let deployments = repo.deployments();
            let mut list = deployments.list().environment(&what.environment).per_page(PAGE).page(page);
            if is_commit(&what.reference) {
                list = list.sha(&what.reference);
            }
            let found = self.read(list.send().await)?;
            if let Some(ours) =
                found.items.iter().find(|found| is_of(found, what) && key(found).as_deref() == Some(&what.key))
            {
                return Ok(Some(ours.id.0));
            }
            if found.next.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// Makes one.
    pub(super) async fn create(&self, what: &Announcement) -> Result<u64, Trouble> {
        let repo = self.repo();
        let deployments = repo.deployments();
        let description = Status::new(State::InProgress, &what.description);
        let create = deployments
            .create(&what.reference)
            .auto_merge(false)
            .required_contexts(Vec::<String>::new())
            .environment(&what.environment)
            .description(description.description())
            .production_environment(what.production)
            .transient_environment(what.transient)
            .payload(json!({ "backstay": { "app": what.app, "key": what.key } }));
        Ok(self.read(create.send().await)?.id.0)
    }

    /// The newest status of a deployment.
    pub(super) async fn newest(&self, id: u64) -> Result<Option<Newest>, Trouble> {
        let repo = self.repo();
        let deployments = repo.deployments();
        let statuses = deployments.statuses(DeploymentId(id));
        let page = self.read(statuses.list().per_page(1_u8).send().await)?;
        Ok(page.items.into_iter().next().map(|status| (status.state, status.description.unwrap_or_default())))
    }

    /// Adds a status. On `success` GitHub sets earlier deployments of an environment inactive, unless it is production.
    pub(super) async fn post(&self, id: u64, status: &Status, what: &Announcement) -> Result<(), Trouble> {
        let repo = self.repo();
        let deployments = repo.deployments();
        let mut create = deployments
            .statuses(DeploymentId(id))
            .create(state(status.state()))
            .description(status.description())
            .environment(&what.environment)
            .log_url(&self.log_url)
            .auto_inactive(true);
        if let Some(url) = &what.environment_url {
            create = create.environment_url(url);
        }
        self.read(create.send().await).map(drop)
    }

    /// Sets inactive what this app had live in the environment before that deployment. GitHub leaves it active in production.
    pub(super) async fn supersede(&self, by: u64, what: &Announcement) -> Result<(), Trouble> {
        let repo = self.repo();
        let deployments = repo.deployments();
        let list = deployments.list().environment(&what.environment).per_page(PAGE);
        let found = self.read(list.send().await)?;
        let earlier = found.items.iter().filter(|found| found.id.0 < by && is_of(found, what));
        for deployment in earlier.take(EARLIER_MAX) {
            let id = deployment.id.0;
            match self.newest(id).await?.map(|(state, _)| state) {
                Some(DeploymentStatusState::Success) => {
                    let status = Status::new(State::Inactive, &format!("deployment {by} is live instead"));
                    let statuses = deployments.statuses(DeploymentId(id));
                    let create = statuses.create(state(State::Inactive)).description(status.description());
                    self.read(create.send().await)?;
                }
                // it was superseded, and with it all that came before
                Some(DeploymentStatusState::Inactive) => break,
                Some(
                    DeploymentStatusState::Error
                    | DeploymentStatusState::Failure
                    | DeploymentStatusState::InProgress
                    | DeploymentStatusState::Queued
                    | DeploymentStatusState::Pending,
                )
                | None => {}
            }
        }
        Ok(())
    }

    fn repo(&self) -> RepoHandler<'_> {
        match &self.repository {
            Repository::Named(owner, name) => self.client.repos(owner, name),
            Repository::Numbered(id) => self.client.repos_by_id(*id),
        }
    }

    fn read<T>(&self, answer: octocrab::Result<T>) -> Result<T, Trouble> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        answer.map_err(|error| Trouble::of(&error, &self.api_url, now))
    }
}

/// GitHub's word for a state.
pub(super) const fn state(state: State) -> DeploymentStatusState {
    match state {
        State::InProgress => DeploymentStatusState::InProgress,
        State::Success => DeploymentStatusState::Success,
        State::Failure => DeploymentStatusState::Failure,
        State::Error => DeploymentStatusState::Error,
        State::Inactive => DeploymentStatusState::Inactive,
    }
}

fn is_of(deployment: &Deployment, what: &Announcement) -> bool {
    ours(&deployment.payload, "app").as_deref() == Some(&what.app)
}

fn key(deployment: &Deployment) -> Option<String> {
    ours(&deployment.payload, "key")
}

/// A payload that was given as an object may come back as its text.
fn ours(payload: &Value, name: &str) -> Option<String> {
    let parsed = payload.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let payload = parsed.as_ref().unwrap_or(payload);
    payload.get("backstay")?.get(name)?.as_str().map(str::to_owned)
}

fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What may stand in a path as it is.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !matches!(text, "" | "." | "..") && text.bytes().all(is_plain)
}
