//! The plan of a rollback after the commit: the code from before a run, and its data where that is asked for by name.

use super::{
    About, Condition, Facts, Generation, Known, Plan, Refusal, Request,
    build::{databases, finish, secrets, settings, with_hooks},
    database,
    params::params,
    refuse,
    steps::{
        copy_step, lib, maintenance_on, notify, pending_step, protect_step, restore_step, settings_step, smoke_step,
        switch_step, workers_stop,
    },
};
use crate::config::{Config, Database, Engine, Strategy, When};

/// What a rollback was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RollbackRequest {
    /// The run to undo; none: the one that is live.
    pub undo: Option<String>,
    /// What becomes of the data, where a run in between migrated.
    pub data: Option<RollbackData>,
}

/// What becomes of migrated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollbackData {
    /// It stays.
    Keep,
    /// It is replaced by what was sealed before; what users wrote since is lost to the live site.
    Discard,
}

/// What a rollback goes back over.
#[derive(Debug, Clone, PartialEq)]
pub struct Span<'a> {
    /// The committed runs that are undone, newest first; the last one is the one asked for.
    pub runs: Vec<&'a Known>,
    /// The release to go back to, as `current` named it.
    pub to: String,
    /// The oldest of them that sealed the data before it migrated.
    pub sealed: Option<&'a Known>,
}

/// Finds what a rollback goes back over, or why there is nothing.
pub fn rollback_span<'a>(facts: &'a Facts, request: &RollbackRequest) -> Result<Span<'a>, Refusal> {
    let deploys: Vec<&Known> = facts.committed.iter().filter(|known| known.summary.about.command == "deploy").collect();
    let at = match &request.undo {
        Some(run) => deploys.iter().position(|known| known.run == *run),
        None => deploys
            .iter()
            .position(|known| known.summary.about.release == facts.current)
            .or((!deploys.is_empty()).then_some(0)),
    };
    let from = deploys.iter().position(|known| known.summary.about.release == facts.current).unwrap_or(0);
    let Some(at) = at else {
        let what = request.undo.as_ref().map_or("there is no committed run here to go back over".to_owned(), |run| {
            format!("run {run} is not among the committed runs that are remembered here")
        });
        return Err(Refusal::new(what, "backstay history shows the runs"));
    };
    if at < from {
        return Err(Refusal::new(
            format!("run {} is not live any more", deploys[at].run),
            "the live release is older already; backstay history shows the runs",
        ));
    }
    let runs = deploys[from..=at].to_vec();
    let undone = deploys[at];
    let Some(to) = undone.summary.about.previous_release.clone() else {
        return Err(Refusal::new(
            format!("before run {} there was no release", undone.run),
            "there is nothing to go back to",
        ));
    };
    if !facts.with_previous.contains(&undone.run) {
        let revision = revision_of(facts, &to).map(|revision| format!(" (revision {revision})")).unwrap_or_default();
        return Err(Refusal::new(
            format!("the release from before run {}, {to}, is not on the target any more", undone.run),
            format!("deploy what it was{revision} again; release.keep says how many releases are kept"),
        ));
    }
    let sealed = runs.iter().rev().copied().find(|known| known.journal.reported("data") == Some("migrated"));
    Ok(Span { runs, to, sealed })
}

/// Why the data that a run had sealed cannot be brought back: every database that is declared has to be one whose engine does
/// that, and its copy has to be there.
fn unrestorable(config: &Config, facts: &Facts, request: &Request, sealed: &str) -> Vec<Refusal> {
    let keep = "--code-only keeps the data as it is: bring it back by your own means, before or after that";
    if config.maintenance.when == When::Never {
        let reason = "data is brought back in maintenance alone, and maintenance.when is never";
        return vec![Refusal::new(reason, format!("set it to pending or always for this; or {keep}"))];
    }
    if config.databases.is_empty() {
        return vec![Refusal::new("no database is declared, so there is nothing that could be brought back", keep)];
    }
    let restores = |database: &Database| {
        let connection = facts.connection(&database.name);
        let protected = database::protected(config, database, request.run.as_str(), connection);
        protected.is_some_and(|protected| protected.files.iter().any(|file| file.path.ends_with("/restore-of")))
    };
    let has_copy = |database: &Database| facts.copies.iter().any(|(run, name)| run == sealed && *name == database.name);
    let refusal = |database: &Database| {
        let reason = format!("the data of database {} cannot be brought back", database.name);
        if restores(database) {
            let keeps =
                format!("the copy that run {sealed} sealed is not there (databases.{}.keep_copies)", database.name);
            return Refusal::new(format!("{reason}: {keeps}"), keep);
        }
        let what = match database.engine {
            Engine::None => "it is not protected (engine: none)",
            Engine::Command { .. } => "commands of your own give back what the run itself has saved, nothing older",
            Engine::Auto | Engine::Mysql | Engine::Postgres | Engine::Sqlite => {
                "it is of a kind that Backstay does not protect yet"
            }
        };
        Refusal::new(format!("{reason}: {what}"), keep)
    };
    config.databases.iter().filter(|database| !restores(database) || !has_copy(database)).map(refusal).collect()
}

/// What the release was deployed as, where its run is remembered.
pub(super) fn revision_of(facts: &Facts, release: &str) -> Option<String> {
    let made = facts.committed.iter().find(|known| {
        known.summary.about.command == "deploy" && known.summary.about.release.as_deref() == Some(release)
    });
    made?.summary.about.revision.clone()
}

/// The plan, or every reason against it.
pub fn build_rollback(
    config: &Config,
    facts: &Facts,
    request: &Request,
    rollback: &RollbackRequest,
) -> Result<Plan, Vec<Refusal>> {
    let mut refusals = facts.refusals.clone();
    refusals.extend(refuse::certificate(config, facts));
    if config.release.strategy == Strategy::None {
        refusals.push(Refusal::new(
            "with strategy none there is no earlier release on the target",
            "deploy the earlier revision",
        ));
    }
    let span = match rollback_span(facts, rollback) {
        Ok(span) if refusals.is_empty() => span,
        Ok(_) => return Err(refusals),
        Err(refusal) => {
            refusals.push(refusal);
            return Err(refusals);
        }
    };
    let discards = rollback.data == Some(RollbackData::Discard);
    let restores = span.sealed.filter(|_| discards);
    if let Some(sealed) = restores {
        refusals.extend(unrestorable(config, facts, request, &sealed.run));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let databases = if restores.is_some() { databases(config, facts, request) } else { Vec::new() };
    let mut plain = vec![];
    if restores.is_some() {
        plain.extend([
            pending_step(None),
            settings_step(&databases),
            copy_step(Condition::Always),
            workers_stop(),
            maintenance_on(),
            protect_step(Condition::Always),
            restore_step(),
        ]);
    }
    plain.extend([switch_step(config), smoke_step(config, restores.is_some())]);
    let mut params = params(config, request, &databases);
    params.push(("ROLLBACK", "yes".to_owned()));
    params.extend(span.sealed.filter(|_| !discards).map(|_| ("KEEPS_MIGRATED", "yes".to_owned())));
    params.extend(restores.map(|of| ("RESTORE_OF", of.run.clone())));
    let undone = &span.runs[span.runs.len() - 1].summary.about;
    let folder =
        if span.to.starts_with('/') { span.to.clone() } else { format!("{}/{}", config.environment.path, span.to) };
    Ok(Plan {
        run: request.run.clone(),
        about: About {
            command: "rollback".to_owned(),
            app: config.app.clone(),
            environment: config.environment.name.clone(),
            revision: revision_of(facts, &span.to),
            actor: request.actor.clone(),
            release: undone.previous_release.clone(),
            previous_release: facts.current.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        symlink: true,
        release_dir: Some(folder),
        params,
        secrets: secrets(config, request),
        lib: lib(config),
        steps: with_hooks(config, plain),
        finish: finish(config, facts, &databases),
        databases: databases.into_iter().map(|database| (database.name, database.files)).collect(),
        notify: notify(config),
        settings: settings(config),
        generation: Generation { last_run: facts.last_run.clone(), current: facts.current.clone() },
        key: request.key.clone(),
        warnings: refuse::warnings(config, facts),
    })
}
