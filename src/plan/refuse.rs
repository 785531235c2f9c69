//! Reasons not to begin, all of them at once, each with a remedy; and what a person should know before it begins.

use super::{Facts, Refusal, Request};
use crate::config::{Check, CheckKind, Config, CopyLoad, Engine, Guard, Preset, Protect, Strategy, When};

/// Space that a run needs beside the release itself: journal, logs, copies of small databases.
const SPARE_BYTES: u64 = 64 * 1024 * 1024;

/// Every reason against a deploy.
pub fn refusals(config: &Config, facts: &Facts, request: &Request) -> Vec<Refusal> {
    let mut all = facts.refusals.clone();
    all.extend(code_without_undo(config, request));
    all.extend(guard(config, facts));
    all.extend(databases(config, facts));
    all.extend(disk(config, facts, request));
    all.extend(leaks(config, facts));
    all.extend(certificate(config, facts));
    all
}

/// With strategy none the new code is live before the run: only an undo of the user's can bring the old one back.
fn code_without_undo(config: &Config, request: &Request) -> Option<Refusal> {
    let has_undo = config.hooks.iter().flat_map(|point| &point.hooks).any(|hook| hook.undo.is_some());
    (config.release.strategy == Strategy::None && !has_undo && !request.data_only).then(|| {
        Refusal::new(
            "release.strategy is none, so the new code is live already and nothing here could bring the old one back",
            "use strategy symlink; or give a hook that puts the code there an undo; or ask for it by name with --data-only, \
             and only the data is protected",
        )
    })
}

/// One that was asked for by name is not gone without.
fn guard(config: &Config, facts: &Facts) -> Option<Refusal> {
    let fault = super::guard(config, facts)?.err()?;
    let (name, remedy) = match config.runner.guard {
        Guard::Cron => ("cron", "install and start cron there (Debian: apt-get install cron), let the user use it"),
        Guard::Systemd => {
            ("systemd", "let the user's systemd stay without a login: sudo loginctl enable-linger USER there")
        }
        Guard::Auto | Guard::None => return None,
    };
    Some(Refusal::new(
        format!("runner.guard is {name}, but on the target {fault}"),
        format!("{remedy}; or set runner.guard to auto or none"),
    ))
}

fn databases(config: &Config, facts: &Facts) -> Vec<Refusal> {
    if config.maintenance.when == When::Never || config.migrate.command.is_none() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for database in &config.databases {
        let driver = facts.connection(&database.name).map(|connection| connection.driver.as_str());
        let cannot = match (&database.engine, driver) {
            (Engine::Auto, Some("sqlite" | "mysql" | "mariadb" | "pgsql") | None) => None,
            (Engine::Auto, Some(other)) => Some(other),
            (Engine::Mysql | Engine::Postgres | Engine::Sqlite | Engine::Command { .. } | Engine::None, _) => None,
        };
        all.extend(cannot.map(|driver| {
            Refusal::new(
                format!("database {}: Backstay cannot protect a {driver} database yet", database.name),
                format!(
                    "give your own commands: databases.{}.engine: {{command: {{backup: …, restore: …}}}}; or set it to none, and \
                     migrated data will not come back",
                    database.name
                ),
            )
        }));
        let is_elsewhere = database.engine == Engine::Auto && matches!(driver, Some("sqlite" | "pgsql"));
        all.extend((is_elsewhere && database.copy != CopyLoad::default()).then(|| {
            Refusal::new(
                format!("database {}: copy is of no use, since it is copied in maintenance, at once", database.name),
                format!("leave databases.{}.copy out", database.name),
            )
        }));
        let is_whole = database.engine == Engine::Auto && driver == Some("sqlite");
        all.extend((database.protect != Protect::Auto && is_whole).then(|| {
            Refusal::new(
                format!(
                    "database {}: protect is of no use, since SQLite is a file that is copied whole",
                    database.name
                ),
                format!("leave databases.{}.protect out", database.name),
            )
        }));
    }
    all
}

fn disk(config: &Config, facts: &Facts, request: &Request) -> Option<Refusal> {
    let free = facts.disk_free_bytes?;
    let needed = disk_needed_bytes(config, facts, request);
    (free < needed).then(|| {
        Refusal::new(
            format!("the target's disk has {} MB free, the run needs about {} MB", free >> 20, needed >> 20),
            "make room there: old releases (release.keep), logs, package caches",
        )
    })
}

/// What a run takes below the path, about: the release as it comes and unpacked, the copies of databases that are files
/// (one sealed, one of the failed state), journal and logs. Servers keep their copies where their data is.
pub fn disk_needed_bytes(config: &Config, facts: &Facts, request: &Request) -> u64 {
    let release = request.shipment.as_ref().map_or(0, |shipment| shipment.size_bytes.saturating_mul(3) / 2);
    let is_file = |name: &str| facts.connection(name).is_some_and(|connection| connection.driver == "sqlite");
    let protects = config.maintenance.when != When::Never && config.migrate.command.is_some();
    let files = facts.sizes.iter().filter(|size| protects && is_file(&size.database));
    files.fold(release.saturating_add(SPARE_BYTES), |sum, size| sum.saturating_add(size.bytes.saturating_mul(2)))
}

/// Something that writes through maintenance.
fn leaks(config: &Config, facts: &Facts) -> Option<Refusal> {
    let error = facts.app.as_ref()?.database_error.as_ref()?;
    (config.migrate.command.is_some() && config.maintenance.when != When::Never).then(|| {
        Refusal::new(
            format!("the live application cannot reach its database: {error}"),
            "mend its .env or the server first",
        )
    })
}

/// A certificate is asked for where there is none: known before users see maintenance.
pub(super) fn certificate(config: &Config, facts: &Facts) -> Option<Refusal> {
    let url = config.environment.url.as_deref().filter(|url| facts.probed && url.starts_with("http://"))?;
    let is_required = |check: &Check| check.required && matches!(check.kind, CheckKind::Tls { .. });
    config.smoke.checks.iter().any(is_required).then(|| {
        Refusal::new(
            format!("smoke.checks has a tls check, and {url} is not https: it could only fail"),
            format!(
                "write url with https://, or give environment {} checks of its own under override",
                config.environment.name
            ),
        )
    })
}

/// What a person should know before it begins.
pub(super) fn warnings(config: &Config, facts: &Facts) -> Vec<String> {
    let mut all = facts.warnings.clone();
    let is_down = config.maintenance.when != When::Never;
    if let (Guard::Auto, Some(Err(fault))) = (config.runner.guard, super::guard(config, facts)) {
        all.push(format!(
            "no guard: {fault}. If the executor is killed and no runner is there, nobody starts recovery until the next command"
        ));
    }
    if config.runner.guard == Guard::None {
        all.push("runner.guard is none: if the executor is killed and no runner is there, nobody starts recovery until the next command".to_owned());
    }
    if facts.live.is_some() && !facts.app.as_ref().is_some_and(|app| app.down) {
        all.extend(facts.baseline.iter().filter_map(|check| {
            let fault = check.fault.as_ref()?;
            Some(format!(
                "the live version fails GET {} already ({fault}): after a rollback it is not owed",
                check.path
            ))
        }));
    }
    if config.environment.url.is_none() && is_down {
        all.push("no url: that users see maintenance, and the site after it, is not looked at over HTTP".to_owned());
    }
    if let (Some(url), Some(0), true) = (&config.environment.url, facts.site_status, is_down) {
        all.push(format!(
            "{url}/ does not answer: maintenance could not be proven there, so a run that needs it would be rolled back (url, \
             http.resolve)"
        ));
    }
    if config.maintenance.when == When::Never && config.migrate.command.is_some() {
        all.push(
            "maintenance.when is never: a failing deploy gives the old code back, and migrated data stays".to_owned(),
        );
    }
    for database in config.databases.iter().filter(|database| database.engine == Engine::None && is_down) {
        all.push(format!(
            "database {} is not protected (engine: none): what the migration does to it stays",
            database.name
        ));
    }
    let Some(app) = &facts.app else { return all };
    if is_down && !app.except.is_empty() {
        all.push(format!(
            "maintenance leaves these routes open ($except), and they may write: {}",
            app.except.join(", ")
        ));
    }
    if config.preset == Preset::Laravel
        && config.workers.is_empty()
        && !matches!(app.queue.as_str(), "sync" | "null" | "")
        && is_down
    {
        all.push(format!(
            "the queue is {} and no workers are declared: if some run, name them under workers",
            app.queue
        ));
    }
    all
}
