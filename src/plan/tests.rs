//! What is refused and planned, from a configuration and facts alone.

use std::path::Path;

use super::{Facts, Refusal, Request, RollbackRequest, build, build_rollback};
use crate::config::{Config, Secret, Source, load};

/// A Laravel app with a site over https; `more` stands before its environment.
pub(crate) fn config(more: &str) -> Config {
    let text = format!(
        "version: 1\napp: shop\n{more}\nenvironments:\n  test: {{ transport: local, path: /srv/shop, url: \"https://shop.example.com\" }}\n"
    );
    let source = Source { name: "backstay.yml", text: &text, folder: Path::new("/") };
    load(source, None, &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn request() -> Request {
    Request {
        run: "20261123T101500Z-3f2a1c9".to_owned().try_into().expect("a run"),
        revision: None,
        actor: "alice".to_owned(),
        key: None,
        shipment: None,
        data_only: false,
        bypass: Secret::new("backstay-secret".to_owned()),
    }
}

fn probed() -> Facts {
    Facts { probed: true, ..Facts::default() }
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(made: Result<T, Vec<Refusal>>, reason: &str) {
    let refusals = made.expect_err("it is refused");
    assert!(refusals.iter().any(|refusal| refusal.reason.contains(reason)), "{refusals:?}");
}

#[test]
fn a_certificate_is_not_asked_for_where_there_is_none() {
    let mut config = config("smoke: { checks: [ { tls: { days: 14 } } ] }");
    assert!(build(&config, &probed(), &request()).is_ok());
    config.environment.url = Some("http://shop.example.com".to_owned());
    assert_refused(build(&config, &probed(), &request()), "is not https");
    assert_refused(build_rollback(&config, &probed(), &request(), &RollbackRequest::default()), "is not https");
    assert!(build(&config, &Facts::default(), &request()).is_ok(), "a plan without a target is only shown");
}
