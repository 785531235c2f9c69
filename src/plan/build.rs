//! Configuration, facts and what was asked for → the plan of a deploy.

use super::{
    About, Condition, Facts, Finish, Generation, Plan, PlanFile, Refusal, Settings, Step,
    database::{self, Protected},
    params::params,
    refuse,
    steps::{
        archive_copies, copy_step, data_open, end_hooks, finish_with_hooks, lib, maintenance_off, maintenance_on,
        migrate_step, notify, pending_step, protect_step, release_step, settings_step, smoke_old, smoke_step,
        step_with_hooks, switch_step, tidy_finish, workers_start, workers_stop,
    },
};
use crate::{
    config::{CheckKind, Config, Database, Guard, Lost, Secret, Strategy, When},
    model::RunId,
    scripts,
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The new run.
    pub run: RunId,
    /// What is deployed, where it is known.
    pub revision: Option<String>,
    /// Who asked, for people.
    pub actor: String,
    /// The idempotency key, hashed, and the digest of what it stands for.
    pub key: Option<(String, String)>,
    /// The artifact; none: there is none, or the plan is made without looking at it.
    pub shipment: Option<Shipment>,
    /// Deploying with strategy none, without an undo for the code, was asked for by name.
    pub data_only: bool,
    /// The secret of this run that leads through maintenance.
    pub bypass: Secret,
}

/// What a plan must know of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// All files together, unpacked.
    pub size_bytes: u64,
    /// The migrations in it, by their names without `.php`.
    pub migrations: Vec<String>,
    /// Those of them whose text is looked at for a plan: name and content, a few megabytes at most.
    pub migration_files: Vec<(String, Vec<u8>)>,
}

/// The plan, or every reason against it.
pub fn build(config: &Config, facts: &Facts, request: &Request) -> Result<Plan, Vec<Refusal>> {
    let refusals = refuse::refusals(config, facts, request);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let databases = databases(config, facts, request);
    let symlink = config.release.strategy == Strategy::Symlink;
    Ok(Plan {
        run: request.run.clone(),
        about: about("deploy", request.revision.clone(), config, facts, request),
        symlink,
        release_dir: None,
        params: params(config, request, &databases),
        secrets: secrets(config, request),
        lib: lib(config),
        steps: steps(config, facts, &databases),
        finish: finish(config, facts, &databases),
        databases: databases.into_iter().map(|database| (database.name, database.files)).collect(),
        notify: notify(config),
        settings: settings(config),
        generation: Generation { last_run: facts.last_run.clone(), current: facts.current.clone() },
        key: request.key.clone(),
        warnings: refuse::warnings(config, facts),
    })
}

/// What is told of a run that puts a version live.
pub(super) fn about(
    command: &str,
    revision: Option<String>,
    config: &Config,
    facts: &Facts,
    request: &Request,
) -> About {
    About {
        command: command.to_owned(),
        app: config.app.clone(),
        environment: config.environment.name.clone(),
        revision,
        actor: request.actor.clone(),
        release: (config.release.strategy == Strategy::Symlink).then(|| format!("releases/{}", request.run)),
        previous_release: facts.current.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The databases that the run protects.
pub(super) fn databases(config: &Config, facts: &Facts, request: &Request) -> Vec<Protected> {
    if config.maintenance.when == When::Never {
        return Vec::new();
    }
    config.databases.iter().filter_map(|database| protect(config, facts, request, database)).collect()
}

/// One of them, whatever the run is for.
pub(super) fn protect(config: &Config, facts: &Facts, request: &Request, database: &Database) -> Option<Protected> {
    database::protected(config, database, request.run.as_str(), facts.connection(&database.name))
}

fn steps(config: &Config, facts: &Facts, databases: &[Protected]) -> Vec<Step> {
    let mut plain = Vec::new();
    if config.release.strategy == Strategy::Symlink {
        plain.push(release_step(config));
    }
    let migrate = migrate_step(config);
    let is_down = config.maintenance.when != When::Never;
    if migrate.is_some() || is_down {
        plain.push(pending_step(facts.app.as_ref().and_then(|app| app.ran.as_deref())));
    }
    let protects = migrate.is_some() && !databases.is_empty();
    if protects {
        plain.extend([settings_step(databases), copy_step(Condition::Pending)]);
    }
    if is_down {
        plain.extend([workers_stop(), maintenance_on()]);
    }
    if protects {
        plain.push(protect_step(Condition::Pending));
    }
    plain.extend(migrate);
    if config.release.strategy == Strategy::Symlink {
        plain.push(switch_step(config));
    }
    plain.push(smoke_step(config, protects));
    with_hooks(config, plain)
}

/// What follows the decision, in either direction.
pub(super) fn finish(config: &Config, facts: &Facts, databases: &[Protected]) -> Vec<Finish> {
    let mut plain: Vec<_> = smoke_old(&owed(config, facts)).into_iter().collect();
    plain.extend((!databases.is_empty()).then(data_open));
    plain.extend([maintenance_off(), workers_start()]);
    plain.extend(end_hooks(&config.hooks));
    plain.extend(archive_copies(config).filter(|_| !databases.is_empty()));
    plain.push(tidy_finish(config));
    plain.into_iter().flat_map(|finish| finish_with_hooks(&config.hooks, finish)).collect()
}

/// The steps with the user's hooks around them.
pub(super) fn with_hooks(config: &Config, plain: Vec<Step>) -> Vec<Step> {
    plain.into_iter().flat_map(|step| step_with_hooks(&config.hooks, step)).collect()
}

/// The http checks on the site itself that the old version passed, as far as a look without following redirects tells.
fn owed(config: &Config, facts: &Facts) -> Vec<(String, Vec<u16>)> {
    let http = config.smoke.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::Http(http) if http.http.starts_with('/') && http.redirects == 0 => Some(http),
        CheckKind::Http(_) | CheckKind::Revision(_) | CheckKind::Tls { .. } | CheckKind::Command { .. } => None,
    });
    http.filter(|http| facts.passing().contains(&http.http.as_str()))
        .map(|http| (http.http.clone(), http.status.clone()))
        .collect()
}

pub(super) fn secrets(config: &Config, request: &Request) -> Vec<(String, Secret)> {
    let exports = config.env.iter().map(|(name, value)| format!("export {name}={}\n", scripts::quote(value.expose())));
    let headers = config.environment.http.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.expose()));
    vec![
        ("env".to_owned(), Secret::new(exports.collect())),
        ("bypass".to_owned(), request.bypass.clone()),
        ("http-headers".to_owned(), Secret::new(headers.collect())),
    ]
}

pub(super) fn settings(config: &Config) -> Settings {
    Settings {
        lease: config.runner.lease,
        max: config.maintenance.max,
        guard: match config.runner.guard {
            Guard::Auto => "auto",
            Guard::Cron => "cron",
            Guard::Systemd => "systemd",
            Guard::None => "none",
        },
        lost: match config.runner.lost {
            Lost::Rollback => "rollback",
            Lost::Wait => "wait",
        },
    }
}

/// What the probe needs of a plan's files, for [`super::probe`].
pub(super) fn probe_files(config: &Config) -> Vec<PlanFile> {
    let asked = config.databases.iter().filter(|_| config.preset == crate::config::Preset::Laravel);
    let connection = |database: &Database| {
        let connection = database.connection.clone().unwrap_or_else(|| "auto".to_owned());
        PlanFile::text(format!("{}.connection", database.name), format!("{connection}\n"))
    };
    lib(config)
        .into_iter()
        .map(|file| PlanFile { path: format!("lib/{}", file.path), bytes: file.bytes })
        .chain(asked.map(connection))
        .collect()
}
