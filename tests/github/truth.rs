//! What GitHub shows is true: of this deployment, and of the ones before it.

use std::time::Duration;

use backstay::github::{Deployments, Ending, State, Status};
use serde_json::json;

use crate::support::{
    self, WITHIN, context, eventually, failure,
    github::{Fault, GitHub, On},
    in_progress, production, staging, success, token,
};

#[tokio::test]
async fn nothing_is_asked_of_github_for_a_run_that_touched_nothing() {
    let github = GitHub::start().await;
    let deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    let refused = Status::new(State::Failure, "refused, nothing was touched");
    let closed = deployments.close(Ending::OnlyIfBegun(refused), WITHIN).await;
    assert_eq!((closed.id, closed.warning), (None, None));
    assert!(github.requests().await.is_empty());
}

#[tokio::test]
async fn what_was_told_as_begun_does_not_stay_in_progress() {
    let github = GitHub::start().await;
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    deployments.tell(in_progress());
    eventually("in progress", || github.asked(On::Status) == 1).await;
    let refused = Status::new(State::Failure, "refused, nothing was touched");
    deployments.close(Ending::OnlyIfBegun(refused), WITHIN).await;
    assert_eq!(github.one().states(), ["in_progress", "failure"]);
}

#[tokio::test]
async fn a_refused_second_attempt_does_not_cover_up_that_the_first_is_stuck() {
    let github = GitHub::start().await;
    support::run(&github.api_url(), staging(), Status::new(State::Error, "stuck")).await;
    let second = Deployments::begin(&context(&github.api_url()), token(), staging());
    second.close(Ending::OnlyIfBegun(failure()), WITHIN).await;
    assert_eq!(github.one().last(), "error");
}

#[tokio::test]
async fn a_rollback_leaves_the_deployment_before_it_active() {
    let github = GitHub::start().await;
    for (first, second) in [(staging(), staging()), (production("one"), production("two"))] {
        let before = support::run(&github.api_url(), first, success()).await.id;
        let second = backstay::github::Announcement { key: format!("{}, later", second.key), ..second };
        support::run(&github.api_url(), second, failure()).await;
        let shown = github.deployments().into_iter().find(|shown| Some(shown.id) == before).expect("it is there");
        assert_eq!(shown.last(), "success", "it is still live");
    }
}

#[tokio::test]
async fn a_success_makes_the_one_before_it_inactive_in_production_too() {
    let github = GitHub::start().await;
    let strangers = github.add(
        json!({ "ref": "x", "environment": "production", "production_environment": true, "payload": "" }),
        &["success"],
    );
    let front = json!({ "backstay": { "app": "front", "key": "k" } });
    let neighbours = github.add(
        json!({ "ref": "x", "environment": "production", "production_environment": true, "payload": front }),
        &["success"],
    );
    for (key, last) in [("one", success()), ("two", failure()), ("three", success()), ("four", success())] {
        let closed = support::run(&github.api_url(), production(key), last).await;
        assert_eq!(closed.warning, None);
    }
    let last: Vec<String> = github.deployments().iter().map(|shown| shown.last().to_owned()).collect();
    assert_eq!(last, ["success", "success", "inactive", "failure", "inactive", "success"]);
    assert_eq!((strangers, neighbours), (1, 2), "what others deploy is theirs to say");
    let described = github.deployments()[4].statuses.last().map(|(_, text)| text.clone());
    assert_eq!(described.as_deref(), Some("deployment 6 is live instead"));
}

#[tokio::test]
async fn elsewhere_github_does_that_itself() {
    let github = GitHub::start().await;
    for key in ["one", "two"] {
        let what = backstay::github::Announcement { key: key.to_owned(), ..staging() };
        support::run(&github.api_url(), what, success()).await;
    }
    let last: Vec<String> = github.deployments().iter().map(|shown| shown.last().to_owned()).collect();
    assert_eq!(last, ["inactive", "success"]);
    assert_eq!(github.asked(On::Status), 2);
}

#[tokio::test]
async fn one_that_stayed_active_is_warned_of() {
    let github = GitHub::start().await;
    support::run(&github.api_url(), production("one"), success()).await;
    // the look for the key, then that for earlier ones
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), production("two"));
    deployments.tell(in_progress());
    eventually("in progress", || github.asked(On::Status) == 2).await;
    github.fail_always(On::List, Fault::Answer(403, json!({ "message": "no" })));
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    let warning = closed.warning.expect("it is told");
    assert!(
        warning.starts_with("GitHub may still show an earlier deployment of this environment as active: "),
        "{warning}"
    );
    assert_eq!(github.deployments()[1].last(), "success");
}

#[tokio::test]
async fn a_success_that_another_deployment_has_followed_is_not_told_again() {
    let github = GitHub::start().await;
    support::run(&github.api_url(), production("one"), success()).await;
    support::run(&github.api_url(), production("two"), success()).await;
    // the first job is run again: it finds its commit, and does nothing
    let again = Deployments::begin(&context(&github.api_url()), token(), production("one"));
    let closed = again.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(closed.warning, None);
    let last: Vec<String> = github.deployments().iter().map(|shown| shown.last().to_owned()).collect();
    assert_eq!(last, ["inactive", "success"]);
}

#[tokio::test]
async fn states_come_in_order_and_where_github_is_slow_the_newest_alone() {
    let github = GitHub::start().await;
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    github.fail(On::Status, Fault::DoneButLate(Duration::from_secs(1)));
    deployments.tell(in_progress());
    eventually("in progress", || github.asked(On::Status) == 1).await;
    deployments.tell(Status::new(State::InProgress, "rolling back: migrate failed"));
    deployments.tell(Status::new(State::InProgress, "rolling back: migrate failed, and more"));
    let closed = deployments.close(Ending::Post(failure()), WITHIN).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().states(), ["in_progress", "failure"]);
}

#[tokio::test]
async fn a_state_that_arrives_after_the_last_one_does_not_stay() {
    let github = GitHub::start().await;
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    // no answer, and GitHub does not have it yet
    github.fail(On::Status, Fault::Silent(Duration::from_secs(30)));
    deployments.tell(in_progress());
    eventually("in progress", || github.asked(On::Status) == 1).await;
    // it has it by now, and that looks like the newest when the last word has been told
    github.overtake("in_progress");
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().states(), ["success", "in_progress", "success"]);
}
