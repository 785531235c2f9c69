//! The plan of a drill: an ordinary deploy of what is live now, with a failure in it that is known beforehand, and no way to commit.

use super::{
    Condition, Facts, Generation, Plan, Refusal, Request, Step,
    build::{about, databases, finish, secrets, settings, with_hooks},
    params::params,
    refuse,
    rollback::revision_of,
    steps::{
        copy_step, drill_after, drill_before, drill_end, drill_release, drilled_migrate, drilled_smoke, lib,
        maintenance_on, migrate_step, notify, pending_step, protect_step, settings_step, smoke_step, switch_step,
        workers_stop,
    },
};
use crate::config::{Config, Engine, Preset, Strategy, When};

/// Where a drill fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrillPoint {
    /// The migration throws half-way.
    MigrationThrows,
    /// The migration's process is killed half-way.
    MigrationKilled,
    /// A smoke check fails.
    SmokeFails,
    /// The runner sends no sign of life any more.
    RunnerLost,
    /// The executor's process is killed.
    ExecutorKilled,
    /// The migration's session is ended on the database server.
    ConnectionDropped,
    /// The migration meets a full disk.
    DiskFull,
}

impl DrillPoint {
    /// All of them, in the order in which they are rehearsed.
    pub const ALL: [Self; 7] = [
        Self::MigrationThrows,
        Self::MigrationKilled,
        Self::SmokeFails,
        Self::RunnerLost,
        Self::ExecutorKilled,
        Self::ConnectionDropped,
        Self::DiskFull,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MigrationThrows => "migration-throws",
            Self::MigrationKilled => "migration-killed",
            Self::SmokeFails => "smoke-fails",
            Self::RunnerLost => "runner-lost",
            Self::ExecutorKilled => "executor-killed",
            Self::ConnectionDropped => "connection-dropped",
            Self::DiskFull => "disk-full",
        }
    }

    /// Why a point cannot be rehearsed there, where that is known.
    pub fn impossible(self, config: &Config, facts: &Facts) -> Option<&'static str> {
        if self != Self::ConnectionDropped {
            return None;
        }
        let is_file = |name: &str| facts.connection(name).is_some_and(|connection| connection.driver == "sqlite");
        match config.preset {
            Preset::Custom => Some("preset custom knows no connection of the app"),
            Preset::Laravel if config.databases.iter().all(|database| is_file(&database.name)) => {
                Some("SQLite is a file: it has no server and no sessions")
            }
            Preset::Laravel => None,
        }
    }
}

/// The plan, or every reason against it.
pub fn build_drill(config: &Config, facts: &Facts, request: &Request, point: DrillPoint) -> Result<Plan, Vec<Refusal>> {
    let mut refusals = refuse::refusals(config, facts, request);
    let databases = databases(config, facts, request);
    refusals.extend(unrehearsable(config, facts));
    refusals.extend(point.impossible(config, facts).map(|why| {
        Refusal::new(format!("{} cannot be rehearsed here: {why}", point.as_str()), "choose other points with --at")
    }));
    let Some(migrate) = migrate_step(config).filter(|_| refusals.is_empty()) else { return Err(refusals) };
    let symlink = config.release.strategy == Strategy::Symlink;
    let mut plain: Vec<Step> = Vec::new();
    plain.extend(symlink.then(drill_release));
    plain.extend([
        pending_step(facts.app.as_ref().and_then(|app| app.ran.as_deref())),
        settings_step(&databases),
        copy_step(Condition::Pending),
        workers_stop(),
        maintenance_on(),
        protect_step(Condition::Pending),
        drill_before(config, &databases),
        drilled_migrate(migrate, config, &databases, point),
    ]);
    plain.extend(symlink.then(|| switch_step(config)));
    let smoke = smoke_step(config, !databases.is_empty());
    plain.push(if point == DrillPoint::SmokeFails { drilled_smoke(smoke) } else { smoke });
    let mut steps = with_hooks(config, plain);
    steps.push(drill_end());
    let mut finish = finish(config, facts, &databases);
    let open = finish.iter().position(|finish| finish.name == "maintenance-off").unwrap_or(0);
    finish.insert(open, drill_after(config, &databases));
    let mut params = params(config, request, &databases);
    params.push(("DRILL", point.as_str().to_owned()));
    let live = facts.current.as_deref().and_then(|current| revision_of(facts, current));
    Ok(Plan {
        run: request.run.clone(),
        about: about("drill", live, config, facts, request),
        symlink,
        release_dir: None,
        params,
        secrets: secrets(config, request),
        lib: lib(config),
        steps,
        finish,
        databases: databases.into_iter().map(|database| (database.name, database.files)).collect(),
        notify: notify(config),
        settings: settings(config),
        generation: Generation { last_run: facts.last_run.clone(), current: facts.current.clone() },
        key: None,
        warnings: refuse::warnings(config, facts),
    })
}

/// What a drill brings along has to be taken back by the rollback itself: without one there is nothing to rehearse.
fn unrehearsable(config: &Config, facts: &Facts) -> Vec<Refusal> {
    let mut all = Vec::new();
    if config.migrate.command.is_none() {
        all.push(Refusal::new(
            "migrate.command is not set, so there is no step in which a drill could fail",
            "set it; a drill runs its own change in its place",
        ));
    }
    if config.maintenance.when == When::Never {
        all.push(Refusal::new(
            "maintenance.when is never, so migrated data stays: what a drill changes would stay as well",
            "set it to pending or always for this environment (override)",
        ));
    }
    let unprotected = |database: &&crate::config::Database| database.engine == Engine::None;
    all.extend(config.databases.iter().filter(unprotected).map(|database| {
        Refusal::new(
            format!(
                "database {} is not protected (engine: none): what a drill changes there would stay",
                database.name
            ),
            format!("protect it, or leave databases.{} out", database.name),
        )
    }));
    if config.databases.is_empty() {
        all.push(Refusal::new(
            "no database is declared, so no rollback of data can be rehearsed",
            "declare it under databases",
        ));
    }
    if facts.live.is_none() {
        all.push(Refusal::new("no version is live yet: a drill deploys what is live", "deploy first"));
    }
    if facts.app.as_ref().is_some_and(|app| app.down) {
        all.push(Refusal::new("the app is in maintenance already: users would see no difference", "lift it first"));
    }
    all
}
