//! One GET, from here or from the target.

use std::time::{Duration, Instant};

use super::From;
use crate::{
    config::Secret,
    scripts,
    target::{Target, TargetError},
};

/// What is read of a body; a health page is smaller.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// What is asked.
pub(super) struct Question {
    pub(super) url: String,
    pub(super) headers: Vec<(String, Secret)>,
    pub(super) resolve: Option<String>,
    /// How long it may take at most, with room to see that it was too slow.
    pub(super) within: Duration,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) took: Duration,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Asks. Errors name no address, since one of them is secret.
pub(super) async fn ask(question: &Question, from: From<'_>) -> Result<Answer, String> {
    match from {
        From::Runner => ask_here(question).await,
        From::Target(target, php) => ask_there(question, target, php).await,
    }
}

async fn ask_here(question: &Question) -> Result<Answer, String> {
    super::tls::install_provider();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(patience(question.within))
        .user_agent(concat!("backstay/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(cause)?;
    let began = Instant::now();
    let mut request = client.get(&question.url);
    for (name, value) in &question.headers {
        request = request.header(name, value.expose());
    }
    let mut response = request.send().await.map_err(cause)?;
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(cause)? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_MAX_BYTES {
            body.truncate(BODY_MAX_BYTES);
            break;
        }
    }
    Ok(Answer { status, headers, body, took: began.elapsed() })
}

/// A slow answer is told as slow rather than as none.
fn patience(within: Duration) -> Duration {
    within * 2 + Duration::from_secs(1)
}

/// The innermost cause, without the address.
fn cause(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    format!("no answer: {innermost}")
}

async fn ask_there(question: &Question, target: &Target, php: &str) -> Result<Answer, String> {
    let seconds = patience(question.within).as_secs().max(1).to_string();
    let mut stdin = format!("{}\n{}\n", question.url, question.resolve.as_deref().unwrap_or(""));
    for (name, value) in &question.headers {
        stdin.extend([name, ": ", value.expose(), "\n"]);
    }
    let output = target.run(scripts::REQUEST, &[&seconds, php], stdin.as_bytes(), 4 * BODY_MAX_BYTES).await;
    let output = output.map_err(|error| {
        if matches!(error, TargetError::TooMuchOutput { .. }) {
            "the answer is too large".to_owned()
        } else {
            error.to_string()
        }
    })?;
    if !output.is_success() {
        return Err(format!("no answer: {}", output.stderr.trim()));
    }
    read(&output.stdout).ok_or_else(|| "no answer that is HTTP".to_owned())
}

/// Headers, an empty line, the body, and at the end a line with the seconds that it took.
fn read(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n')?;
    let took: f64 = std::str::from_utf8(&bytes[end + 1..]).ok()?.trim().parse().ok()?;
    let mut rest = &bytes[..end];
    let mut answer = Answer { took: Duration::try_from_secs_f64(took).ok()?, ..Answer::default() };
    // before the last block of headers there may be others: 100 Continue, a proxy's 200
    while rest.starts_with(b"HTTP/") {
        let (length, gap) = head_end(rest)?;
        let head = String::from_utf8_lossy(&rest[..length]).into_owned();
        let mut lines = head.lines();
        answer.status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        answer.headers =
            lines.filter_map(|line| line.split_once(':')).map(|(n, v)| (n.to_owned(), v.trim().to_owned())).collect();
        rest = &rest[length + gap..];
    }
    answer.body = rest.to_vec();
    (answer.status != 0).then_some(answer)
}

fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let at = |end: &[u8]| bytes.windows(end.len()).position(|window| window == end).map(|at| (at, end.len()));
    match (at(b"\r\n\r\n"), at(b"\n\n")) {
        (Some(crlf), Some(lf)) => Some(if crlf.0 <= lf.0 { crlf } else { lf }),
        (crlf, lf) => crlf.or(lf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_from_the_target_is_read_after_interim_ones() {
        let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\n\r\n{\"a\": 1}\n\nx\n0.25";
        let answer = read(bytes).expect("it is an answer");
        assert_eq!((answer.status, answer.header("x-a")), (200, Some("b")));
        assert_eq!(answer.body, b"{\"a\": 1}\n\nx");
        assert_eq!(answer.took, Duration::from_millis(250));
        assert_eq!(read(b"nothing\n0.1"), None);
    }
}
