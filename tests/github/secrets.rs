//! The token is shown nowhere.

use backstay::github::{Deployments, Ending};
use serde_json::json;

use crate::support::{
    TOKEN, WITHIN, context,
    github::{Fault, GitHub, On},
    in_progress, staging, success, token,
};

#[tokio::test]
async fn the_token_is_in_no_debug_text_and_in_no_warning() {
    let github = GitHub::start().await;
    github.fail_always(On::Create, Fault::Answer(422, json!({ "message": "no" })));
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    deployments.tell(in_progress());
    assert!(!format!("{deployments:?}").contains(TOKEN));
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    assert!(closed.warning.is_some() && !format!("{closed:?}").contains(TOKEN));
    let requests = github.requests().await;
    assert!(requests.iter().all(|request| request.headers["authorization"] == format!("Bearer {TOKEN}")));
    assert!(requests.iter().all(|request| !request.url.as_str().contains(TOKEN)), "it goes in a header alone");
}

#[tokio::test]
async fn a_token_that_is_no_header_is_not_told_either() {
    let secret = "ghs_broken\nin two";
    let mut deployments =
        Deployments::begin(&context("http://127.0.0.1:9"), backstay::config::Secret::new(secret.to_owned()), staging());
    deployments.tell(in_progress());
    let warning = deployments.close(Ending::Post(success()), WITHIN).await.warning.expect("it is told");
    assert!(!warning.contains("broken"), "{warning}");
}
