//! Rate limits: waited for where that fits, told where it does not.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use backstay::github::{Deployments, Ending};
use serde_json::json;

use crate::support::{
    WITHIN, context, eventually,
    github::{Fault, GitHub, On},
    in_progress, staging, success, token,
};

fn limited(code: u16, headers: Vec<(&'static str, String)>) -> Fault {
    Fault::AnswerWith(code, json!({ "message": "API rate limit exceeded for installation ID 1." }), headers)
}

fn seconds_from_now(seconds: u64) -> String {
    (SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() + seconds).to_string()
}

#[tokio::test]
async fn a_limit_that_ends_in_time_is_waited_for() {
    let retry_after = || vec![("retry-after", "2".to_owned())];
    let reset = vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", seconds_from_now(2))];
    tokio::join!(
        assert_waited_for(limited(429, retry_after())),
        assert_waited_for(limited(403, retry_after())),
        assert_waited_for(limited(403, reset)),
    );
}

async fn assert_waited_for(fault: Fault) {
    let github = GitHub::start().await;
    github.fail(On::Create, fault);
    let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
    deployments.tell(in_progress());
    eventually("a first try", || github.asked(On::Create) == 1).await;
    let began = Instant::now();
    let closed = deployments.close(Ending::Post(success()), WITHIN).await;
    assert_eq!(closed.warning, None);
    // GitHub's clock has whole seconds
    assert!(began.elapsed() >= Duration::from_millis(900), "asked before its time: {:?}", began.elapsed());
    assert_eq!((github.one().last(), github.asked(On::Create)), ("success", 2));
}

#[tokio::test]
async fn a_limit_that_ends_too_late_is_told_at_once() {
    for (fault, seconds) in [
        (limited(403, vec![("retry-after", "600".to_owned())]), 600),
        (
            limited(
                403,
                vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", seconds_from_now(1800))],
            ),
            1800,
        ),
        (limited(429, vec![]), 60),
        (limited(403, vec![]), 60),
        (limited(429, vec![("retry-after", u64::MAX.to_string())]), 24 * 3600),
    ] {
        let github = GitHub::start().await;
        github.fail_always(On::Status, fault);
        let mut deployments = Deployments::begin(&context(&github.api_url()), token(), staging());
        deployments.tell(in_progress());
        eventually("a first try", || github.asked(On::Status) == 1).await;
        let began = Instant::now();
        let closed = deployments.close(Ending::Post(success()), WITHIN).await;
        let warning = closed.warning.expect("it is told");
        assert!(
            warning.contains("GitHub's rate limit is reached (403: API") || warning.contains("(429: API"),
            "{warning}"
        );
        let before = warning.split("; it takes no request before ").nth(1).expect("it says for how long");
        let before = before.trim_end_matches(" UTC").replace(' ', "T") + "Z";
        let end: jiff::Timestamp = before.parse().expect("a time");
        let left = end.as_second() - jiff::Timestamp::now().as_second();
        assert!((seconds - 5..=seconds + 2).contains(&left), "{warning}, in {left} s");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert_eq!(github.asked(On::Status), 1, "it does what GitHub asks for");
    }
}
