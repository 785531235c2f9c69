//! What the tests share: a job, a GitHub that remembers, a proxy, a server that knows GitHub's contract.

pub mod cut;
pub mod github;
pub mod prism;
pub mod proxy;

use std::{path::PathBuf, time::Duration};

use backstay::{
    config::Secret,
    github::{Announcement, Closed, Context, Deployments, Ending, State, Status},
};

/// What a close may take in tests where GitHub works.
pub const WITHIN: Duration = Duration::from_secs(20);
pub const TOKEN: &str = "ghs_TheTokenOfTheTest";
pub const COMMIT: &str = "3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d";

/// A job whose API is there.
pub fn context(api_url: &str) -> Context {
    Context {
        api_url: api_url.to_owned(),
        server_url: "https://github.test".to_owned(),
        repository: "acme/shop".to_owned(),
        run_id: "77".to_owned(),
        run_attempt: "1".to_owned(),
        sha: COMMIT.to_owned(),
        reference: "refs/heads/main".to_owned(),
        actor: "ada".to_owned(),
        output: None,
        summary: None,
        temp: PathBuf::from("/nowhere"),
        workspace: PathBuf::from("/nowhere"),
    }
}

pub fn token() -> Secret {
    Secret::new(TOKEN.to_owned())
}

/// A deploy to staging.
pub fn staging() -> Announcement {
    Announcement {
        app: "shop-api".to_owned(),
        environment: "staging".to_owned(),
        environment_url: Some("https://staging.example.com".to_owned()),
        description: "deploy of shop-api".to_owned(),
        key: format!("acme/shop/77/{COMMIT}/staging"),
        reference: COMMIT.to_owned(),
        production: false,
        transient: false,
    }
}

/// A deploy to production, with that key.
pub fn production(key: &str) -> Announcement {
    Announcement {
        environment: "production".to_owned(),
        environment_url: Some("https://example.com".to_owned()),
        key: key.to_owned(),
        production: true,
        ..staging()
    }
}

pub fn in_progress() -> Status {
    Status::new(State::InProgress, "the target carries it out")
}

pub fn success() -> Status {
    Status::new(State::Success, "committed")
}

pub fn failure() -> Status {
    Status::new(State::Failure, "rolled back")
}

/// A run that is over before GitHub has heard of it.
pub async fn run(api_url: &str, what: Announcement, last: Status) -> Closed {
    let mut deployments = Deployments::begin(&context(api_url), token(), what);
    deployments.tell(in_progress());
    deployments.close(Ending::Post(last), WITHIN).await
}

/// Waits for what a task of its own does.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    let what = what.to_owned();
    async move {
        for _ in 0..400 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{caller}: it never came to this: {what}");
    }
}
