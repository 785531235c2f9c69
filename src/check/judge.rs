//! Whether an answer is what was expected. Pure.

use std::time::Duration;

use serde_json::Value;

use super::request::Answer;
use crate::config::{HttpCheck, RevisionCheck};

/// The shortest revision that is taken for the beginning of a longer one.
const SHORT_MIN: usize = 7;

/// What was seen; as an error everything that was wrong with it.
pub(super) fn http(check: &HttpCheck, answer: &Answer, within: Duration) -> Result<String, String> {
    let mut wrong = Vec::new();
    if !check.status.contains(&answer.status) {
        let wanted: Vec<String> = check.status.iter().map(u16::to_string).collect();
        wrong.push(format!("status {}, not {}", answer.status, wanted.join(" or ")));
    }
    for (name, value) in &check.headers {
        match answer.header(name) {
            Some(found) if found == value => {}
            Some(found) => wrong.push(format!("header {name} is {found:?}, not {value:?}")),
            None => wrong.push(format!("header {name} is missing")),
        }
    }
    if !check.json.is_empty() {
        match serde_json::from_slice::<Value>(&answer.body) {
            Ok(body) => wrong.extend(check.json.iter().filter_map(|(path, wanted)| differs(&body, path, wanted))),
            Err(_) => wrong.push("the body is no JSON".to_owned()),
        }
    }
    if let Some(text) = &check.body
        && !String::from_utf8_lossy(&answer.body).contains(text.as_str())
    {
        wrong.push(format!("the body does not hold {text:?}"));
    }
    if answer.took > within {
        wrong.push(format!("it took {} ms, more than {} ms", answer.took.as_millis(), within.as_millis()));
    }
    if wrong.is_empty() {
        Ok(format!("{} in {} ms", answer.status, answer.took.as_millis()))
    } else {
        Err(wrong.join(", "))
    }
}

/// Whether the site serves what was deployed.
pub(super) fn revision(check: &RevisionCheck, answer: &Answer, expected: &str) -> Result<String, String> {
    if !(200..300).contains(&answer.status) {
        return Err(format!("{} answers {}", check.http, answer.status));
    }
    let found = match &check.json {
        None => String::from_utf8_lossy(&answer.body).trim().to_owned(),
        Some(path) => {
            let body =
                serde_json::from_slice::<Value>(&answer.body).map_err(|_| format!("{} answers no JSON", check.http))?;
            match at(&body, path) {
                Some(Value::String(text)) => text.trim().to_owned(),
                Some(other) => other.to_string(),
                None => return Err(format!("{} has no {path}", check.http)),
            }
        }
    };
    let (found, expected) = (found.to_lowercase(), expected.to_lowercase());
    let is_same = found == expected
        || (found.len().min(expected.len()) >= SHORT_MIN
            && (found.starts_with(&expected) || expected.starts_with(&found)));
    if is_same {
        Ok(format!("{found} is served"))
    } else {
        let shown: String = found.chars().take(60).collect();
        Err(format!("{shown:?} is served, not {expected}"))
    }
}

fn differs(body: &Value, path: &str, wanted: &Value) -> Option<String> {
    match at(body, path) {
        Some(found) if equal(found, wanted) => None,
        Some(found) => {
            let shown: String = found.to_string().chars().take(120).collect();
            Some(format!("{path} is {shown}, not {wanted}"))
        }
        None => Some(format!("{path} is missing")),
    }
}

/// 1 and 1.0 are the same number, whatever wrote them.
fn equal(found: &Value, wanted: &Value) -> bool {
    found == wanted || matches!((found.as_f64(), wanted.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
}

/// `checks.database`, `items.0.id`; a key that holds dots itself is found whole.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    let mut splits = path.match_indices('.').map(|(at, _)| (&path[..at], &path[at + 1..]));
    let inner = |key: &str| match value {
        Value::Array(items) => key.parse::<usize>().ok().and_then(|n| items.get(n)),
        Value::Object(map) => map.get(key),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    splits.find_map(|(key, rest)| at(inner(key)?, rest)).or_else(|| inner(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer {
            status: 200,
            headers: vec![("X-A".into(), "b".into())],
            body: body.into(),
            took: Duration::from_millis(80),
        }
    }

    fn check() -> HttpCheck {
        HttpCheck { http: "/health".into(), status: vec![200], json: vec![], headers: vec![], body: None, redirects: 0 }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut check = check();
        check.status = vec![204, 201];
        check.json =
            vec![("checks.database".into(), "ok".into()), ("items.1.n".into(), 2.into()), ("a.b".into(), true.into())];
        check.headers = vec![("x-a".into(), "c".into())];
        let body = r#"{"checks": {"database": "down"}, "items": [{}, {"n": 2.0}], "a.b": true}"#;
        let seen = http(&check, &answer(body), Duration::from_millis(50));
        insta::assert_snapshot!(seen.expect_err("it is wrong"), @r#"status 200, not 204 or 201, header x-a is "b", not "c", checks.database is "down", not "ok", it took 80 ms, more than 50 ms"#);
    }

    #[test]
    fn what_is_as_expected_passes() {
        let mut check = check();
        check.body = Some("healthy".into());
        assert_eq!(http(&check, &answer("all healthy"), Duration::from_secs(1)).as_deref(), Ok("200 in 80 ms"));
    }

    #[test]
    fn another_revision_is_not_taken_for_the_deployed_one() {
        let whole = RevisionCheck { http: "/version".into(), json: None };
        let sha = "3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d";
        assert!(revision(&whole, &answer("3F2A1C9\n"), sha).is_ok());
        for other in ["", "3f2", "3f2a1c8", "4f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d"] {
            assert!(revision(&whole, &answer(other), sha).is_err(), "{other:?}");
        }
        let inner = RevisionCheck { http: "/version".into(), json: Some("app.revision".into()) };
        assert!(revision(&inner, &answer(&format!(r#"{{"app": {{"revision": "{sha}"}}}}"#)), sha).is_ok());
        assert!(revision(&inner, &answer("{}"), sha).is_err());
    }
}
