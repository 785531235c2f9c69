//! What a runner is asked for, the same for every target.

use std::path::Path;

use backstay::{
    config::{Config, Secret, Source, load},
    machine::{Goal, Job},
    plan::Request,
};

/// A Laravel app on this machine.
pub const CONFIG: &str = "version: 1\napp: shop\nenvironments:\n  test: { transport: local, path: /srv/shop, url: \"https://shop.example.com\" }\n";
pub const RUN: &str = "20261123T101500Z-3f2a1c9";

pub fn request() -> Request {
    Request {
        run: RUN.to_owned().try_into().expect("an id"),
        revision: Some("3f2a1c9".to_owned()),
        actor: "alice".to_owned(),
        key: Some(("me/shop/17".to_owned(), "digest".to_owned())),
        shipment: None,
        data_only: false,
        bypass: Secret::new("backstay-secret".to_owned()),
    }
}

pub fn config() -> Config {
    load(Source { name: "backstay.yml", text: CONFIG, folder: Path::new("/") }, None, &|_| None).expect("it is right")
}

pub fn job(goal: Goal) -> Job {
    Job { config: config(), request: request(), goal }
}
