//! The proxies that the runner's environment names are used. That is read once in a process, so each of these has its own.

use std::process::Command;

use backstay::github::{Deployments, Ending};

use crate::support::{
    TOKEN, WITHIN, context,
    github::GitHub,
    in_progress,
    proxy::{HOST, Proxy},
    staging, success, token,
};

/// Where the child finds the API.
const API_URL: &str = "BACKSTAY_TEST_API_URL";

#[tokio::test]
async fn github_is_reached_through_the_https_proxy() {
    let github = GitHub::start().await;
    let proxy = Proxy::to(&github.api_url()).await;
    let address = format!("http://user:pass%20word@127.0.0.1:{}", proxy.port);
    let authority = proxy.authority().display().to_string();
    let said = run_with(format!("https://{HOST}"), vec![("HTTPS_PROXY", address), ("SSL_CERT_FILE", authority)]).await;
    assert!(said.contains("closed: Closed { id: Some(1), warning: None }"), "{said}");
    assert_eq!(github.one().last(), "success");
    let asked = proxy.asked();
    assert!(asked.iter().all(|head| head.starts_with(&format!("CONNECT {HOST}:443 HTTP/1.1\r\n"))), "{asked:?}");
    assert!(asked[0].to_lowercase().contains("\r\nproxy-authorization: basic "), "{asked:?}");
    assert!(!asked.concat().contains(TOKEN), "the proxy does not see the token");
}

#[tokio::test]
async fn an_enterprise_server_without_tls_is_reached_through_the_http_proxy() {
    let github = GitHub::start_at("/api/v3").await;
    let proxy = Proxy::to(github.api_url().trim_end_matches("/api/v3")).await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let said = run_with("http://github.intern.test/api/v3".to_owned(), vec![("http_proxy", address)]).await;
    assert!(said.contains("closed: Closed { id: Some(1), warning: None }"), "{said}");
    let asked = proxy.asked();
    assert!(asked[0].starts_with("GET http://github.intern.test/api/v3/repos/acme/shop/deployments?"), "{asked:?}");
}

#[tokio::test]
async fn a_host_that_needs_no_proxy_is_reached_without_it() {
    let github = GitHub::start().await;
    let proxy = Proxy::to(&github.api_url()).await;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let settings = vec![("HTTP_PROXY", address), ("NO_PROXY", "example.com, 127.0.0.0/8".to_owned())];
    let said = run_with(github.api_url(), settings).await;
    assert!(said.contains("closed: Closed { id: Some(1), warning: None }"), "{said}");
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_proxy_that_is_down_is_told_without_its_password() {
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let settings = vec![("HTTPS_PROXY", format!("http://user:hidden@{nobody}"))];
    let said = run_with(format!("https://{HOST}"), settings).await;
    assert!(said.contains("no answer from GitHub: Connection refused"), "{said}");
    assert!(!said.contains("hidden") && !said.contains(TOKEN), "{said}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_does_not_get_the_token() {
    let github = GitHub::start().await;
    let proxy = Proxy::to(&github.api_url()).await;
    let settings = vec![("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port))];
    let said = run_with(format!("https://{HOST}"), settings).await;
    assert!(said.contains("no answer from GitHub: invalid peer certificate"), "{said}");
    assert!(github.requests().await.is_empty());
}

/// This test binary again, with that environment.
async fn run_with(api_url: String, settings: Vec<(&'static str, String)>) -> String {
    let child = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().expect("we are a program"))
            .args(["--exact", "proxy::a_run_in_the_environment_of_this_process", "--ignored", "--nocapture"])
            .env_clear()
            .env(API_URL, api_url)
            .envs(settings)
            .output()
    });
    let output = child.await.expect("it does not panic").expect("it starts");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.contains("closed: "), "{said}");
    said
}

#[tokio::test]
#[ignore = "the others of this file run it, in processes of their own"]
async fn a_run_in_the_environment_of_this_process() {
    let api_url = std::env::var(API_URL).expect("the others set it");
    let mut deployments = Deployments::begin(&context(&api_url), token(), staging());
    deployments.tell(in_progress());
    println!("closed: {:?}", deployments.close(Ending::Post(success()), WITHIN / 4).await);
}
