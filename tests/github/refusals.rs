//! What GitHub says no to is told with its cause and with what to do, once, and is not asked for again.

use backstay::github::{Context, Deployments, Ending};
use serde_json::{Value, json};

use crate::support::{
    self, WITHIN, context,
    github::{Fault, GitHub, On},
    staging, success,
};

async fn warning_of(on: On, code: u16, body: Value) -> String {
    let github = GitHub::start().await;
    github.fail_always(on, Fault::Answer(code, body));
    let closed = support::run(&github.api_url(), staging(), success()).await;
    assert_eq!(github.asked(on), 1, "it is no use to ask again");
    assert!(github.deployments().len() <= 1);
    closed.warning.expect("it is told")
}

#[tokio::test]
async fn a_missing_permission_is_told_with_the_line_to_add() {
    let body = json!({ "message": "Resource not accessible by integration", "documentation_url": "https://docs.github.com/rest" });
    assert_eq!(
        warning_of(On::Create, 403, body).await,
        "the deployment on GitHub does not show what is true: the job's token may not write deployments (403: Resource not \
         accessible by integration): add `deployments: write` below `permissions:` in the workflow, beside `contents: read`"
    );
}

#[tokio::test]
async fn a_conflict_is_told_with_githubs_reason() {
    let body = json!({ "message": "Conflict: Commit status checks failed for main." });
    assert_eq!(
        warning_of(On::Create, 409, body).await,
        "the deployment on GitHub does not show what is true: GitHub takes no deployment of this commit (409: Conflict: Commit \
         status checks failed for main.)"
    );
}

#[tokio::test]
async fn an_unprocessable_request_is_told_with_the_field() {
    let body = json!({ "message": "Validation Failed", "errors": [
        { "resource": "DeploymentStatus", "code": "custom", "field": "environment_url", "message": "environment_url must use http(s) scheme" },
        { "resource": "DeploymentStatus", "code": "invalid", "field": "log_url" },
        "and a text",
    ]});
    assert_eq!(
        warning_of(On::Status, 422, body).await,
        "the deployment on GitHub does not show what is true: GitHub refused the request (422: Validation Failed; environment_url \
         must use http(s) scheme; log_url is invalid; and a text)"
    );
    let body = json!({ "message": "No ref found for: 3f2a1c9" });
    assert!(
        warning_of(On::Create, 422, body)
            .await
            .ends_with("GitHub refused the request (422: No ref found for: 3f2a1c9)")
    );
}

#[tokio::test]
async fn what_github_does_not_find_or_show_is_told_with_what_may_be_missing() {
    let warning = warning_of(On::List, 404, json!({ "message": "Not Found" })).await;
    assert!(warning.contains("(404: Not Found)") && warning.contains("`deployments: write`"), "{warning}");
}

#[tokio::test]
async fn a_token_that_github_does_not_know_is_told() {
    let github = GitHub::start().await;
    let mut deployments = Deployments::begin(
        &context(&github.api_url()),
        backstay::config::Secret::new("ghs_Other".to_owned()),
        staging(),
    );
    deployments.tell(support::in_progress());
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(
        closed.warning.as_deref(),
        Some(
            "the deployment on GitHub does not show what is true: GitHub does not know the token (401: Bad credentials)"
        )
    );
}

#[tokio::test]
async fn what_github_writes_is_shown_escaped_and_cut() {
    let body = json!({ "message": format!("a\n::error::b\u{1b}[31m \u{202e}{}", "x".repeat(10_000)) });
    let warning = warning_of(On::Create, 409, body).await;
    assert!(warning.contains("409: a : :error::b\\u{1b}[31m \\u{202e}xxx"), "{warning}");
    assert!(warning.chars().count() < 500 && !warning.contains(|c: char| c.is_control()), "{warning}");
}

#[tokio::test]
async fn a_redirect_to_another_server_is_not_followed() {
    let github = GitHub::start().await;
    let other = GitHub::start().await;
    for to in [format!("{}/repositories/4711/deployments", other.api_url()), "//evil.test/repositories/4711".to_owned()]
    {
        github
            .fail(On::List, Fault::AnswerWith(307, json!({ "message": "Temporary Redirect" }), vec![("location", to)]));
        let closed = support::run(&github.api_url(), staging(), success()).await;
        let warning = closed.warning.expect("it is told");
        assert!(warning.contains("GitHub sends to another address, which is not followed (307: "), "{warning}");
    }
    assert!(other.requests().await.is_empty(), "nobody else gets the token");
}

#[tokio::test]
async fn a_job_that_is_none_is_told_and_breaks_nothing() {
    let good = context("http://127.0.0.1:9");
    for (job, secret, said) in [
        (good.clone(), "", "GITHUB_TOKEN is empty"),
        (good.clone(), "two\nlines", "GITHUB_TOKEN is empty, or no token"),
        (good.clone(), "tökén", "GITHUB_TOKEN is empty, or no token"),
        (Context { api_url: "api.github.com".to_owned(), ..good.clone() }, support::TOKEN, "GITHUB_API_URL"),
        (Context { api_url: String::new(), ..good.clone() }, support::TOKEN, "GITHUB_API_URL"),
        (Context { api_url: "ftp://x/".to_owned(), ..good.clone() }, support::TOKEN, "GITHUB_API_URL"),
        (Context { repository: "shop".to_owned(), ..good.clone() }, support::TOKEN, "GITHUB_REPOSITORY"),
        (Context { repository: "a/../b c".to_owned(), ..good.clone() }, support::TOKEN, "GITHUB_REPOSITORY"),
    ] {
        let mut deployments = Deployments::begin(&job, backstay::config::Secret::new(secret.to_owned()), staging());
        deployments.tell(support::in_progress());
        let closed = deployments.close(Ending::Post(success()), WITHIN).await;
        let warning = closed.warning.expect("it is told");
        assert!(warning.contains(said), "{warning}");
    }
}
