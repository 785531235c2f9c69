//! One Deployment for a key, whatever is answered to whom.

use std::time::Duration;

use backstay::github::{Announcement, Deployments, Ending};
use serde_json::json;

use crate::support::{
    self, WITHIN, context, eventually, failure,
    github::{Fault, GitHub, On},
    in_progress, staging, success, token,
};

#[tokio::test]
async fn a_run_is_one_deployment_with_what_a_person_wants_to_know() {
    let github = GitHub::start().await;
    let closed = support::run(&github.api_url(), staging(), success()).await;
    assert_eq!((closed.id, closed.warning), (Some(1), None));
    let shown = github.one();
    assert_eq!(
        shown.request,
        json!({
            "ref": support::COMMIT,
            "auto_merge": false,
            "required_contexts": [],
            "environment": "staging",
            "description": "deploy of shop-api",
            "production_environment": false,
            "transient_environment": false,
            "payload": { "backstay": { "app": "shop-api", "key": staging().key } },
        })
    );
    assert_eq!(
        shown.posted.last(),
        Some(&json!({
            "state": "success",
            "description": "committed",
            "environment": "staging",
            "environment_url": "https://staging.example.com",
            "log_url": "https://github.test/acme/shop/actions/runs/77/attempts/1",
            "auto_inactive": true,
        }))
    );
}

#[tokio::test]
async fn a_502_after_the_deployment_was_made_makes_no_second_one() {
    let github = GitHub::start().await;
    github.fail(On::Create, Fault::DoneBut(502));
    let closed = support::run(&github.api_url(), staging(), success()).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().last(), "success");
    assert_eq!(github.asked(On::Create), 1, "it looks before it asks again");
}

#[tokio::test]
async fn a_502_before_it_was_made_is_tried_again() {
    let github = GitHub::start().await;
    github.fail(On::Create, Fault::Answer(502, json!({ "message": "Server Error" })));
    let closed = support::run(&github.api_url(), staging(), success()).await;
    assert_eq!(closed.warning, None);
    assert_eq!((github.one().last(), github.asked(On::Create)), ("success", 2));
}

#[tokio::test]
async fn a_deployment_that_appears_a_while_after_its_502_is_waited_for_in_spite_of_news() {
    let github = GitHub::start().await;
    github.fail(On::Create, Fault::DoneAfter(502, Duration::from_millis(600)));
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    deployments.tell(in_progress());
    eventually("a first try", || github.asked(On::Create) == 1).await;
    deployments.tell(in_progress());
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(closed.warning, None);
    assert_eq!((github.one().last(), github.asked(On::Create)), ("success", 1));
}

#[tokio::test]
async fn an_answer_that_is_no_json_or_too_late_makes_no_second_one() {
    tokio::join!(
        assert_made_once(Fault::DoneButGarbage),
        assert_made_once(Fault::DoneButLate(Duration::from_secs(30)))
    );
}

async fn assert_made_once(fault: Fault) {
    let github = GitHub::start().await;
    github.fail(On::Create, fault);
    let closed = support::run(&github.api_url(), staging(), failure()).await;
    assert_eq!(closed.warning, None);
    assert_eq!((github.one().last(), github.asked(On::Create)), ("failure", 1));
}

#[tokio::test]
async fn a_status_that_was_taken_in_spite_of_a_502_is_not_told_twice() {
    let github = GitHub::start().await;
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    deployments.tell(in_progress());
    eventually("in progress", || github.asked(On::Status) == 1).await;
    github.fail(On::Status, Fault::DoneBut(502));
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().states(), ["in_progress", "success"]);
}

#[tokio::test]
async fn a_server_that_never_shows_what_it_made_is_not_asked_for_ever() {
    let github = GitHub::start().await;
    github.fail_always(On::Create, Fault::Answer(502, json!({})));
    let closed = support::run(&github.api_url(), staging(), success()).await;
    let warning = closed.warning.expect("it is told");
    assert!(warning.contains("shows none of the deployments"), "{warning}");
    assert_eq!(github.asked(On::Create), 3);
}

#[tokio::test]
async fn a_second_attempt_of_the_job_goes_on_with_the_first_ones_deployment() {
    let github = GitHub::start().await;
    support::run(&github.api_url(), staging(), failure()).await;
    let closed = support::run(&github.api_url(), staging(), success()).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().last(), "success");
}

#[tokio::test]
async fn another_key_or_another_app_is_another_deployment() {
    let github = GitHub::start().await;
    support::run(&github.api_url(), staging(), success()).await;
    support::run(&github.api_url(), Announcement { key: "another".to_owned(), ..staging() }, success()).await;
    support::run(&github.api_url(), Announcement { app: "front".to_owned(), ..staging() }, success()).await;
    assert_eq!(github.deployments().len(), 3);
}

#[tokio::test]
async fn the_key_is_found_behind_hundreds_of_deployments_of_others_and_in_a_payload_told_as_text() {
    let github = GitHub::start().await;
    support::run(&github.api_url(), staging(), failure()).await;
    for number in 0..250 {
        let payload = json!({ "backstay": { "app": "shop-api", "key": format!("other {number}") } });
        github.add(json!({ "ref": support::COMMIT, "environment": "staging", "payload": payload }), &["failure"]);
    }
    github.add(json!({ "ref": support::COMMIT, "environment": "staging", "payload": "no json {" }), &[]);
    github.tell_payloads_as_text();
    let closed = support::run(&github.api_url(), staging(), success()).await;
    assert_eq!(closed.id, Some(1));
    assert_eq!(github.deployments().len(), 252);
}

#[tokio::test]
async fn a_branch_is_looked_for_in_its_environment_too() {
    let github = GitHub::start().await;
    let what = Announcement { reference: "main".to_owned(), ..staging() };
    support::run(&github.api_url(), what.clone(), failure()).await;
    support::run(&github.api_url(), what, success()).await;
    assert_eq!(github.one().request["ref"], "main");
}

#[tokio::test]
async fn a_later_process_goes_on_by_the_id_and_by_the_key_where_that_is_wrong() {
    let github = GitHub::start().await;
    let first = support::run(&github.api_url(), staging(), failure()).await;
    let stranger = github.add(json!({ "ref": "x", "environment": "staging", "payload": "" }), &["success"]);
    for hint in [first.id, Some(stranger), Some(999), None] {
        let asked = github.asked(On::List);
        let deployments = Deployments::resume(&context(&github.api_url()), token(), staging(), hint);
        let closed = deployments.close(Ending::Post(success()), WITHIN).await;
        assert_eq!((closed.id, closed.warning), (first.id, None));
        assert_eq!(github.asked(On::List) > asked, hint != first.id, "the right id spares the search");
    }
    assert_eq!(github.deployments()[0].states(), ["failure", "success"], "told once");
    assert_eq!(github.deployments().len(), 2);
}

#[tokio::test]
async fn the_id_is_known_as_soon_as_there_is_one() {
    let github = GitHub::start().await;
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    assert_eq!(deployments.id(), None);
    deployments.tell(in_progress());
    eventually("an id", || deployments.id() == Some(1)).await;
}

#[tokio::test]
async fn an_enterprise_servers_path_is_kept() {
    let github = GitHub::start_at("/api/v3").await;
    let closed = support::run(&github.api_url(), staging(), success()).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().last(), "success");
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_the_same_request() {
    for prefix in ["", "/api/v3"] {
        let github = GitHub::start_at(prefix).await;
        github.move_repository();
        let closed = support::run(&github.api_url(), staging(), success()).await;
        assert_eq!(closed.warning, None);
        assert_eq!(github.one().states().last(), Some(&"success"));
    }
    let github = GitHub::start().await;
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    deployments.tell(in_progress());
    eventually("in progress", || github.asked(On::Status) == 1).await;
    github.move_repository();
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().states(), ["in_progress", "success"], "a POST stays a POST");
}
