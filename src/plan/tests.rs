//! What is refused and planned, from a configuration and facts alone.

use std::path::Path;

use super::{
    About, Baseline, Facts, Finish, Known, Refusal, Request, RollbackData, RollbackRequest, Summary, build,
    build_rollback, database::Connection,
};
use crate::{
    config::{Config, ConfigError, Secret, Source, load},
    journal::RunState,
};

/// A Laravel app with a site over https; `more` stands before its environment.
pub(crate) fn config(more: &str) -> Config {
    try_config(more).unwrap_or_else(|error| panic!("{error}"))
}

fn try_config(more: &str) -> Result<Config, ConfigError> {
    let text = format!(
        "version: 1\napp: shop\n{more}\nenvironments:\n  test: {{ transport: local, path: /srv/shop, url: \"https://shop.example.com\" }}\n"
    );
    let source = Source { name: "backstay.yml", text: &text, folder: Path::new("/") };
    load(source, None, &|_| None)
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

/// Live is the second release, whose run migrated.
fn after_a_migration() -> Facts {
    let about = About {
        command: "deploy".to_owned(),
        release: Some("releases/two".to_owned()),
        previous_release: Some("releases/one".to_owned()),
        ..About::default()
    };
    let journal =
        RunState { committed: true, reported: vec![("data".to_owned(), "migrated".to_owned())], ..RunState::default() };
    let run = Known {
        run: "two".to_owned(),
        state: "committed".to_owned(),
        summary: Summary { about, ..Summary::default() },
        journal,
    };
    Facts {
        current: Some("releases/two".to_owned()),
        committed: vec![run],
        with_previous: vec!["two".to_owned()],
        copies: vec![("two".to_owned(), "main".to_owned())],
        ..probed()
    }
}

const DISCARD: RollbackRequest = RollbackRequest { undo: None, data: Some(RollbackData::Discard) };
const KEEP: RollbackRequest = RollbackRequest { undo: None, data: Some(RollbackData::Keep) };

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

#[test]
fn data_is_not_said_to_come_back_where_it_could_not() {
    let facts = after_a_migration();
    let back = |config: &Config| build_rollback(config, &facts, &request(), &DISCARD);
    let plan = back(&config("")).expect("the app's own database comes back");
    assert!(plan.steps.iter().any(|step| step.name == "restore"));
    for (more, reason) in [
        ("maintenance: { when: never }", "maintenance.when is never"),
        ("databases: { main: { engine: none } }", "main cannot be brought back: it is not protected"),
        (
            "databases: { main: {}, more: { engine: { command: { backup: x, restore: y } } } }",
            "more cannot be brought back: commands of your own",
        ),
        ("databases: {}", "no database is declared"),
    ] {
        let config = config(more);
        assert_refused(back(&config), reason);
        assert!(build_rollback(&config, &facts, &request(), &KEEP).is_ok(), "{more}");
    }
    let connection = Connection { driver: "sqlsrv".to_owned(), ..Connection::default() };
    let facts = Facts { connections: vec![("main".to_owned(), connection)], ..after_a_migration() };
    assert_refused(build_rollback(&config(""), &facts, &request(), &DISCARD), "does not protect yet");
}

#[test]
fn what_a_rollback_needs_is_looked_for_before_it_begins() {
    let config = config("databases: { main: {}, more: { engine: mysql } }");
    let facts = after_a_migration();
    assert_refused(
        build_rollback(&config, &facts, &request(), &DISCARD),
        "more cannot be brought back: the copy that run two sealed is not there (databases.more.keep_copies)",
    );
    assert!(build_rollback(&config, &facts, &request(), &KEEP).is_ok());
    let facts = Facts { with_previous: vec![], ..facts };
    assert_refused(build_rollback(&config, &facts, &request(), &KEEP), "releases/one, is not on the target any more");
}

#[test]
fn hooks_beside_what_follows_the_decision_run_when_it_does_and_can_only_warn() {
    let config = config(
        "hooks: { before-maintenance-off: [ a ], after-workers-start: [ b ], after-tidy: [ c, d ], after-commit: [ e ] }",
    );
    let plan = build(&config, &probed(), &request()).expect("a plan");
    let finish: Vec<_> =
        plan.finish.iter().map(|finish| (finish.name.as_str(), finish.only_if_begun, finish.required)).collect();
    let down = Some("maintenance-on");
    assert_eq!(
        finish,
        [
            ("data-open", Some("protect"), true),
            ("before-maintenance-off", down, false),
            ("maintenance-off", down, true),
            ("workers-start", None, true),
            ("after-workers-start", None, false),
            ("after-commit", None, false),
            ("tidy", None, false),
            ("after-tidy", None, false),
            ("after-tidy", None, false),
        ]
    );
}

#[test]
fn a_hook_is_taken_exactly_where_its_step_can_run() {
    let steps = [
        "workers-stop",
        "maintenance-on",
        "protect",
        "migrate",
        "switch",
        "smoke",
        "maintenance-off",
        "workers-start",
        "tidy",
    ];
    let request = Request { data_only: true, ..request() };
    for strategy in ["symlink", "none"] {
        for when in ["pending", "always", "never"] {
            for migrate in ["x", "null"] {
                for engine in ["auto", "mysql", "none", "{ command: { backup: x, restore: y } }"] {
                    let base = format!(
                        "release: {{ strategy: {strategy} }}\nmaintenance: {{ when: {when} }}\nmigrate: {{ command: {migrate} }}\n\
                         databases: {{ main: {{ engine: {engine} }} }}\n"
                    );
                    let plan = build(&config(&base), &probed(), &request).expect("a plan");
                    let has = |name: &str| {
                        let is_begun = |step: &str| plan.steps.iter().any(|s| s.name == step);
                        let finishes = |f: &&Finish| f.name == name && f.only_if_begun.is_none_or(is_begun);
                        is_begun(name) || plan.finish.iter().any(|finish| finishes(&finish))
                    };
                    for step in steps {
                        let taken = try_config(&format!("{base}hooks: {{ before-{step}: [ x ] }}"));
                        assert_eq!(taken.is_ok(), has(step), "{step} in {base}");
                        let Ok(config) = taken else { continue };
                        let plan = build(&config, &probed(), &request).expect("a plan");
                        let hook = format!("before-{step}");
                        let names = plan.steps.iter().map(|s| &s.name).chain(plan.finish.iter().map(|f| &f.name));
                        assert!(names.into_iter().any(|name| *name == hook), "{hook} in {base}");
                    }
                }
            }
        }
    }
}

#[test]
fn with_the_code_there_already_an_undo_that_would_run_is_enough() {
    let with =
        |hooks: &str| build(&config(&format!("release: {{ strategy: none }}\nhooks: {hooks}")), &probed(), &request());
    assert!(with("{ before-smoke: [ { do: x, undo: y } ] }").is_ok());
    assert_refused(with("{ before-smoke: [ x ] }"), "nothing here could bring the old one back");
}

#[test]
fn after_a_rollback_nothing_is_owed_that_is_seen_only_behind_a_redirect() {
    let owed = |checks: &str| {
        let config = config(&format!("smoke: {{ checks: [ {checks} ] }}"));
        let passed = |path: &str| Baseline { path: path.to_owned(), fault: None };
        let facts = Facts { baseline: ["/", "/login"].map(passed).into(), ..probed() };
        let plan = build(&config, &facts, &request()).expect("a plan");
        let smoke_old = plan.finish.into_iter().find(|finish| finish.name == "smoke-old");
        smoke_old.map(|finish| String::from_utf8_lossy(&finish.files[0].bytes).into_owned())
    };
    assert_eq!(owed("{ http: / }, { http: /login, redirects: 1 }").as_deref(), Some("200 /\n"));
    assert_eq!(owed("{ http: /login, redirects: 1 }"), None);
}

#[test]
fn a_file_that_is_copied_whole_is_not_taken_for_a_shadow() {
    let config = config("databases: { main: { protect: shadow } }");
    let live = |driver: &str| {
        let connection = Connection { driver: driver.to_owned(), ..Connection::default() };
        Facts { connections: vec![("main".to_owned(), connection)], ..probed() }
    };
    assert!(build(&config, &live("mysql"), &request()).is_ok());
    assert_refused(build(&config, &live("sqlite"), &request()), "protect is of no use");
    let dump = self::config("databases: { main: { protect: dump } }");
    assert!(build(&dump, &live("mariadb"), &request()).is_ok());
    assert_refused(build(&dump, &live("sqlite"), &request()), "protect is of no use");
}

#[test]
fn no_drill_can_come_to_a_verdict() {
    let config = config("preset: laravel");
    let facts = Facts { live: Some("/srv/shop/releases/one".to_owned()), ..probed() };
    for point in super::DrillPoint::ALL {
        let plan = super::build_drill(&config, &facts, &request(), point).expect("a plan");
        assert_eq!(plan.about.command, "drill");
        let last = plan.steps.last().expect("steps");
        assert_eq!((last.name.as_str(), last.only_if), ("drill-end", super::Condition::Always), "{point:?}");
        assert!(last.action.0.trim_end().lines().last().is_some_and(|line| line.starts_with("fail ")), "{point:?}");
        assert!(!plan.takes_upload(), "its release is made on the target");
        let migrates = plan.steps.iter().position(|step| step.name == "migrate").expect("it migrates");
        assert_eq!(plan.steps[migrates - 1].name, "drill-before", "read before the change");
    }
}
