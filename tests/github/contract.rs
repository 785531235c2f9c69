//! Every request is one that GitHub's own description of its API allows.

use backstay::github::{Deployments, Ending, State, Status};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    self, WITHIN, context, failure,
    github::{Fault, GitHub, On},
    in_progress,
    prism::{description, prism},
    production, staging, success, token,
};

async fn api_url() -> String {
    tokio::task::spawn_blocking(|| prism().api_url()).await.expect("it starts")
}

#[tokio::test]
async fn every_state_of_every_run_is_taken_by_githubs_own_description() {
    let api_url = api_url().await;
    let states = [State::InProgress, State::Success, State::Failure, State::Error, State::Inactive];
    for state in states {
        let long = Status::new(state, &"what happened, in every detail. ".repeat(20));
        let closed = support::run(&api_url, staging(), long.clone()).await;
        assert_eq!((closed.id, closed.warning), (Some(1), None), "{state:?}");
    }
    let mut resumed = Deployments::resume(&context(&api_url), token(), production("a key"), Some(1));
    resumed.tell(in_progress());
    let closed = resumed.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(closed.warning, None);
}

#[tokio::test]
async fn a_run_without_an_address_is_taken_too() {
    let what = backstay::github::Announcement { environment_url: None, transient: true, ..staging() };
    let closed = support::run(&api_url().await, what, success()).await;
    assert_eq!(closed.warning, None);
}

#[tokio::test]
async fn the_description_does_refuse_what_it_does_not_allow() {
    let api_url = api_url().await;
    let deployments = format!("{api_url}/repos/acme/shop/deployments");
    let statuses = format!("{deployments}/1/statuses");
    let post = |url: &str, body: Value| {
        Client::new().post(url).header("authorization", "Bearer x").header("user-agent", "test").json(&body).send()
    };
    for (url, body) in [
        (&deployments, json!({ "ref": 1 })),
        (&deployments, json!({ "environment": "staging" })),
        (&deployments, json!({ "ref": "main", "required_contexts": "all" })),
        (&deployments, json!({ "ref": "main", "payload": 7 })),
        (&statuses, json!({ "state": "cancelled" })),
        (&statuses, json!({ "description": "no state" })),
        (&statuses, json!({ "state": "success", "auto_inactive": "yes" })),
    ] {
        let answer = post(url, body.clone()).await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(answer.headers().contains_key("sl-violations"), "{body}");
    }
    let good = post(&statuses, json!({ "state": "success" })).await.expect("it answers");
    assert_eq!(good.status(), StatusCode::CREATED);
    let bad = Client::new().get(format!("{deployments}?per_page=many")).header("user-agent", "test").send().await;
    assert!(bad.expect("it answers").status().is_client_error());
}

/// The description lets words through that it does not know; GitHub passes over them.
#[tokio::test]
async fn no_request_has_a_word_that_github_does_not_know() {
    let github = GitHub::start().await;
    github.fail(On::Create, Fault::DoneBut(502));
    github.fail(On::Status, Fault::DoneBut(502));
    support::run(&github.api_url(), production("one"), success()).await;
    support::run(&github.api_url(), production("two"), failure()).await;
    support::run(&github.api_url(), production("three"), success()).await;
    let resumed = Deployments::resume(&context(&github.api_url()), token(), production("three"), Some(3));
    resumed.close(Ending::Post(failure()), WITHIN).await;
    for on in [On::List, On::Get, On::Create, On::Statuses, On::Status] {
        assert!(github.asked(on) > 0, "{on:?} is a request that is made");
    }
    let description = description();
    let known = |path: &str, method: &str| {
        let operation = &description["paths"][path][method];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
        let mut words: Vec<String> = body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        for parameter in operation["parameters"].as_array().expect("it has some") {
            let pointer = parameter["$ref"].as_str().and_then(|pointer| pointer.strip_prefix('#'));
            let parameter = pointer.map_or(parameter, |pointer| description.pointer(pointer).expect("it is there"));
            words.push(parameter["name"].as_str().expect("it has a name").to_owned());
        }
        words
    };
    let root = "/repos/{owner}/{repo}/deployments";
    for request in github.requests().await {
        let depth = request.url.path_segments().map_or(0, Iterator::count);
        let path = [root.to_owned(), format!("{root}/{{deployment_id}}"), format!("{root}/{{deployment_id}}/statuses")];
        let known = known(&path[depth - 4], &request.method.as_str().to_lowercase());
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let in_body = body.as_object().into_iter().flatten().map(|(name, _)| name.clone());
        let in_query = request.url.query_pairs().map(|(name, _)| name.into_owned());
        for word in in_body.chain(in_query) {
            assert!(known.contains(&word), "{word} in {} {}", request.method, request.url);
        }
    }
}
