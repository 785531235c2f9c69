//! Every way to answer badly, at every request and in pairs: there is one deployment, and GitHub shows the end of the run, or a
//! warning says why it does not.

use std::time::Duration;

use backstay::github::{Deployments, Ending};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    WITHIN, context,
    cut::Cut,
    eventually,
    github::{Fault, GitHub, On},
    in_progress, production, success, token,
};

const REQUESTS: [On; 4] = [On::List, On::Create, On::Statuses, On::Status];

/// What passes: each is answered once.
fn passing() -> Vec<Fault> {
    let limit = vec![("retry-after", "1".to_owned())];
    vec![
        Fault::DoneBut(500),
        Fault::DoneBut(502),
        Fault::DoneBut(504),
        Fault::DoneAfter(503, Duration::from_millis(700)),
        Fault::DoneButGarbage,
        Fault::Answer(502, json!({ "message": "Server Error" })),
        Fault::Answer(200, json!({ "message": "an object that nobody asked for" })),
        Fault::AnswerWith(429, json!({ "message": "slow down" }), limit),
        Fault::Garbage,
    ]
}

#[tokio::test]
async fn what_passes_is_told_by_nobody_and_leaves_one_deployment_that_shows_the_end() {
    let mut runs = JoinSet::new();
    for on in REQUESTS {
        for fault in passing() {
            runs.spawn(assert_shown(vec![(on, fault)]));
        }
    }
    for first in passing() {
        for second in passing() {
            runs.spawn(assert_shown(vec![(On::Create, first.clone()), (On::Status, second)]));
        }
    }
    assert_eq!(runs.join_all().await.len(), 4 * 9 + 9 * 9);
}

#[tokio::test]
async fn what_stays_is_told_and_leaves_one_deployment_at_most() {
    let mut runs = JoinSet::new();
    for on in REQUESTS {
        for code in [400, 401, 403, 404, 409, 410, 422, 451, 500, 502, 503] {
            runs.spawn(async move {
                let github = GitHub::start().await;
                github.fail_always(on, Fault::Answer(code, json!({ "message": "no" })));
                let mut deployments = Deployments::begin(&context(&github.api_url()), token(), production("key"));
                deployments.tell(in_progress());
                let closed = deployments.close(Ending::Post(success()), Duration::from_secs(4)).await;
                // nobody looks at the statuses of a deployment that has just been made
                assert_eq!(closed.warning.is_none(), on == On::Statuses, "{on:?} {code}: {:?}", closed.warning);
                assert!(github.deployments().len() <= 1, "{on:?} {code}");
            });
        }
    }
    assert_eq!(runs.join_all().await.len(), 4 * 11);
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_as_good_as_a_502() {
    for (method, path) in [("GET", "/deployments?"), ("POST", "/deployments "), ("POST", "/statuses ")] {
        let github = GitHub::start().await;
        let cut = Cut::before(&github.api_url(), method, path).await;
        let mut deployments = Deployments::begin(&context(&cut.api_url), token(), production("key"));
        deployments.tell(in_progress());
        let closed = deployments.close(Ending::Post(success()), WITHIN).await;
        assert_eq!(closed.warning, None, "{method} {path}");
        assert!(cut.has_cut(), "{method} {path}");
        assert_eq!(github.one().states(), ["success"], "{method} {path}");
    }
}

async fn assert_shown(faults: Vec<(On, Fault)>) {
    let github = GitHub::start().await;
    let what = format!("{faults:?}");
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), production("key"));
    for (on, fault) in faults {
        github.fail(on, fault);
    }
    deployments.tell(in_progress());
    eventually(&what, || github.asked(On::List) >= 1).await;
    let closed = deployments.close(Ending::Post(success()), 2 * WITHIN).await;
    assert_eq!(closed.warning, None, "{what}");
    assert_eq!(github.one().last(), "success", "{what}");
    let told = github.one().states().iter().filter(|state| **state == "success").count();
    assert_eq!(told, 1, "it is told once: {what}");
}
