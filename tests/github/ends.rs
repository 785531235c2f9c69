//! GitHub holds up the end of a run for a known time at most, and what it does not show is told in one warning.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use backstay::github::{Closed, Deployments, Ending, LAST_WORD};

use crate::support::{
    WITHIN, context, eventually, failure,
    github::{Fault, GitHub, On},
    in_progress, staging, success, token,
};

/// What may come on top of the bound: two cores, and tests beside this one.
const SLACK: Duration = Duration::from_secs(2);

async fn closed_in(deployments: Deployments, within: Duration) -> (Closed, Duration) {
    let began = Instant::now();
    let closed = deployments.close(Ending::Post(failure()), within).await;
    (closed, began.elapsed())
}

fn begin(api_url: &str) -> Deployments {
    let mut deployments = Deployments::begin(&context(api_url), token(), staging());
    deployments.tell(in_progress());
    deployments
}

#[tokio::test]
async fn a_server_that_is_down_for_good_costs_the_bound_and_no_more() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let within = Duration::from_secs(2);
    let (closed, took) = closed_in(begin(&format!("http://127.0.0.1:{port}")), within).await;
    assert!(took < within + SLACK, "{took:?}");
    assert_eq!(
        closed.warning.as_deref(),
        Some(
            "the deployment on GitHub does not show what is true: no answer from GitHub: Connection refused (os error 111)"
        )
    );
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_says_nothing_costs_the_bound_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let within = Duration::from_secs(2);
    let (closed, took) = closed_in(begin(&format!("http://127.0.0.1:{port}")), within).await;
    assert!(took >= within && took < within + SLACK, "{took:?}");
    assert_eq!(
        closed.warning.as_deref(),
        Some("the deployment on GitHub does not show what is true: no answer from GitHub; given up after 2 s")
    );
}

#[tokio::test]
async fn an_answer_that_crawls_costs_the_bound_and_no_more() {
    let github = GitHub::start().await;
    for on in [On::List, On::Create, On::Status, On::Statuses] {
        github.fail_always(on, Fault::DoneButLate(Duration::from_millis(1500)));
    }
    let within = Duration::from_secs(2);
    let (closed, took) = closed_in(begin(&github.api_url()), within).await;
    assert!(took < within + SLACK, "{took:?}");
    assert!(closed.warning.is_some());
    assert!(github.deployments().len() <= 1);
}

#[tokio::test]
async fn a_slow_github_is_enough_within_the_usual_bound() {
    let github = GitHub::start().await;
    for on in [On::List, On::Create, On::Status] {
        github.fail_always(on, Fault::DoneButLate(Duration::from_secs(1)));
    }
    let (closed, took) = closed_in(begin(&github.api_url()), LAST_WORD).await;
    assert_eq!(closed.warning, None);
    assert!(took < LAST_WORD, "{took:?}");
    assert_eq!(github.one().last(), "failure");
}

#[tokio::test]
async fn what_failed_on_the_way_and_is_shown_in_the_end_is_no_warning() {
    let github = GitHub::start().await;
    github.fail_always(On::List, Fault::Garbage);
    let mut deployments = begin(&github.api_url());
    eventually("a first try", || github.asked(On::List) >= 1).await;
    github.mend();
    deployments.tell(in_progress());
    let (closed, _) = closed_in(deployments, WITHIN).await;
    assert_eq!(closed.warning, None);
    assert_eq!(github.one().last(), "failure");
}

#[tokio::test]
async fn garbage_is_told_harmlessly_and_nothing_is_made() {
    let github = GitHub::start().await;
    github.fail_always(On::List, Fault::Garbage);
    let (closed, _) = closed_in(begin(&github.api_url()), Duration::from_secs(1)).await;
    let warning = closed.warning.expect("it is told");
    assert!(warning.contains("an answer that is not GitHub's: expected value at line 1 column 1"), "{warning}");
    assert_eq!(github.asked(On::Create), 0);
}

#[tokio::test]
async fn telling_never_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let began = Instant::now();
    let mut deployments = begin(&format!("http://127.0.0.1:{port}"));
    for _ in 0..1000 {
        deployments.tell(in_progress());
    }
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn one_that_is_dropped_asks_nothing_more() {
    let github = GitHub::start().await;
    github.fail_always(On::List, Fault::Garbage);
    let deployments = begin(&github.api_url());
    eventually("a first try", || github.asked(On::List) >= 1).await;
    drop(deployments);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = github.asked(On::List);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(github.asked(On::List), asked);
}

#[tokio::test]
async fn nothing_to_tell_takes_no_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let deployments = Deployments::begin(&context(&format!("http://127.0.0.1:{port}")), token(), staging());
    let began = Instant::now();
    let closed = deployments.close(Ending::OnlyIfBegun(success()), WITHIN).await;
    assert!(began.elapsed() < Duration::from_millis(500));
    assert_eq!(closed.warning, None);
}
