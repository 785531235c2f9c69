//! The plans of `backstay backup`: archives made, tried, brought back, removed. Each is a run like a deploy: under the lock, with a
//! journal and an undo.

use super::{
    About, Condition, Facts, Finish, Generation, Plan, Refusal, Request, Step,
    backups::{Backup, BackupKind},
    build::{finish, protect, secrets, settings, with_hooks},
    database::Protected,
    params::params,
    refuse,
    rollback::revision_of,
    steps::{
        archive_step, copy_step, lib, load_step, maintenance_on, notify, pending_step, protect_step, prune_step,
        restore_step, settings_step, smoke_step, tidy_finish, try_step, upload_step, verify_step, workers_stop,
    },
};
use crate::config::{Config, Database, Engine, Strategy, When};

/// What a backup command was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupRequest {
    /// An archive of every database.
    Create,
    /// These archives, `RUN/DATABASE`, each restored into a scratch database.
    Try(Vec<String>),
    /// Data brought back.
    Restore(RestoreFrom),
    /// These archives removed.
    Prune(Vec<String>),
}

/// Where data is brought back from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreFrom {
    /// `RUN` or `RUN/DATABASE`; a run's copy before its archive, unless the archive is asked for.
    Named {
        /// The name.
        name: String,
        /// Whether the archive is to be taken also where a copy is there.
        archive: bool,
    },
    /// A file of statements, which the runner sends.
    Statements {
        /// Its name, for people.
        file: String,
        /// The database's key; none: the only one.
        database: Option<String>,
        /// What in it leads elsewhere, read as MySQL does.
        mysql: Elsewhere,
        /// The same, read as PostgreSQL does.
        postgres: Elsewhere,
    },
}

/// What in a file of statements would lead out of the database that it is loaded into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Statements and commands, each with its line (untrusted).
    pub faults: Vec<String>,
    /// Names that stand before a dot: one of them may be the live schema's.
    pub qualifiers: Vec<String>,
}

impl BackupRequest {
    /// The words of the command line.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Create => "backup create",
            Self::Try(_) => "backup verify",
            Self::Restore(_) => "backup restore",
            Self::Prune(_) => "backup prune",
        }
    }
}

/// What a name stands for, of what there is; none: nothing has that name.
pub fn find<'a>(backups: &'a [Backup], name: &str, archive: bool) -> Option<Vec<&'a Backup>> {
    let called: Vec<&Backup> = backups.iter().filter(|backup| backup.is_called(name)).collect();
    let of = |kind| called.iter().copied().filter(move |backup| backup.kind == kind).collect::<Vec<_>>();
    [of(BackupKind::Copy), of(BackupKind::Archive)]
        .into_iter()
        .skip(usize::from(archive))
        .find(|found| !found.is_empty())
}

/// The plan, or every reason against it.
pub fn build_backup(
    config: &Config,
    facts: &Facts,
    request: &Request,
    backup: &BackupRequest,
) -> Result<Plan, Vec<Refusal>> {
    match backup {
        BackupRequest::Create => create(config, facts, request),
        BackupRequest::Try(names) => beside(config, facts, request, backup, names),
        BackupRequest::Prune(names) => beside(config, facts, request, backup, names),
        BackupRequest::Restore(from) => restore(config, facts, request, from),
    }
}

/// Whether a database's engine has that script.
fn can(protected: &Protected, script: &str) -> bool {
    protected.files.iter().any(|file| file.path.ends_with(&format!("/{script}")))
}

/// Why a database's engine cannot do that.
fn cannot(database: &Database, what: &str) -> Refusal {
    let why = match database.engine {
        Engine::None => "it is not protected (engine: none)",
        Engine::Command { .. } => "its backup and restore are commands of your own (engine: command)",
        Engine::Auto | Engine::Mysql | Engine::Postgres | Engine::Sqlite => {
            "it is of a kind that Backstay cannot do that for"
        }
    };
    Refusal::new(format!("database {} cannot be {what}: {why}", database.name), "use its own tools for it")
}

fn not_live(config: &Config, facts: &Facts) -> Option<Refusal> {
    let asks_app = config.preset == crate::config::Preset::Laravel;
    (asks_app && facts.live.is_none()).then(|| {
        Refusal::new(
            "no version is live that could say where its data is",
            "deploy first; or, with preset custom, name the databases' accounts yourself",
        )
    })
}

fn create(config: &Config, facts: &Facts, request: &Request) -> Result<Plan, Vec<Refusal>> {
    let mut refusals = facts.refusals.clone();
    refusals.extend(not_live(config, facts));
    let (mut databases, mut warnings) = (Vec::new(), Vec::new());
    for database in &config.databases {
        match protect(config, facts, request, database).filter(|protected| can(protected, "unload")) {
            Some(protected) => databases.push(protected),
            None => warnings.push(cannot(database, "archived")),
        }
    }
    if databases.is_empty() {
        let nothing = || vec![Refusal::new("no database is declared", "name one under databases")];
        refusals.extend(if warnings.is_empty() { nothing() } else { std::mem::take(&mut warnings) });
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let steps = vec![settings_step(&databases), archive_step()];
    let mut plan =
        plan(config, facts, request, BackupRequest::Create.as_str(), databases, steps, vec![tidy_finish(config)]);
    plan.warnings = warnings.into_iter().map(|refusal| format!("{}; it is left out", refusal.reason)).collect();
    Ok(plan)
}

/// What is done to archives alone.
fn beside(
    config: &Config,
    facts: &Facts,
    request: &Request,
    backup: &BackupRequest,
    names: &[String],
) -> Result<Plan, Vec<Refusal>> {
    let mut refusals = facts.refusals.clone();
    let tries = matches!(backup, BackupRequest::Try(_));
    let mut databases = Vec::new();
    if tries {
        refusals.extend(not_live(config, facts));
        let of: Vec<&str> = names.iter().filter_map(|name| Some(name.split_once('/')?.1)).collect();
        let declared = |key: &&&str| !config.databases.iter().any(|database| database.name == **key);
        refusals.extend(of.iter().find(declared).map(|key| undeclared(key)));
        for database in config.databases.iter().filter(|database| of.contains(&database.name.as_str())) {
            match protect(config, facts, request, database).filter(|protected| can(protected, "load")) {
                Some(protected) => databases.push(protected),
                None => refusals.push(cannot(database, "restored from an archive")),
            }
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let steps = if tries { vec![settings_step(&databases), try_step(names)] } else { vec![prune_step(names)] };
    Ok(plan(config, facts, request, backup.as_str(), databases, steps, vec![tidy_finish(config)]))
}

fn undeclared(key: &str) -> Refusal {
    Refusal::new(
        format!("database {key} is not declared, so it is not known where it would go"),
        format!("name it under databases, as `{key}`"),
    )
}

fn restore(config: &Config, facts: &Facts, request: &Request, from: &RestoreFrom) -> Result<Plan, Vec<Refusal>> {
    let mut refusals = facts.refusals.clone();
    refusals.extend(refuse::certificate(config, facts));
    if facts.live.is_none() {
        refusals.push(Refusal::new("no version is live whose data could be replaced", "deploy first, then restore"));
    }
    if config.maintenance.when == When::Never {
        refusals.push(Refusal::new(
            "data is brought back in maintenance alone, and maintenance.when is never",
            "set it to pending or always for this",
        ));
    }
    let found = match from {
        RestoreFrom::Named { name, archive } => find(&facts.backups, name, *archive).unwrap_or_default(),
        RestoreFrom::Statements { .. } => Vec::new(),
    };
    let keys: Vec<&str> = match from {
        RestoreFrom::Named { .. } => found.iter().map(|backup| backup.database.as_str()).collect(),
        RestoreFrom::Statements { database: Some(key), .. } => vec![key.as_str()],
        RestoreFrom::Statements { database: None, .. } => {
            config.databases.iter().map(|database| database.name.as_str()).collect()
        }
    };
    let (script, what) = match (from, found.first().map(|backup| backup.kind)) {
        (RestoreFrom::Statements { .. }, _) => ("load-sql", "made of a file of statements"),
        (RestoreFrom::Named { .. }, Some(BackupKind::Copy)) => ("restore-of", "restored from a copy"),
        (RestoreFrom::Named { .. }, Some(BackupKind::Archive) | None) => ("load", "restored from an archive"),
    };
    let mut databases = Vec::new();
    for key in &keys {
        let Some(database) = config.databases.iter().find(|database| database.name == *key) else {
            refusals.push(undeclared(key));
            continue;
        };
        match protect(config, facts, request, database).filter(|protected| can(protected, script)) {
            Some(protected) => databases.push(protected),
            None => refusals.push(cannot(database, what)),
        }
    }
    if let RestoreFrom::Statements { file, mysql, postgres, .. } = from {
        if databases.len() > 1 {
            let names = keys.join(", ");
            refusals.push(Refusal::new(
                format!("{file} is one of several databases"),
                format!("say of which: --database {names}"),
            ));
        }
        for database in &databases {
            refusals.extend(match database.driver {
                Some("mysql") => leads_elsewhere(facts, database, mysql, file),
                Some("postgres") => {
                    leads_elsewhere(facts, database, &Elsewhere { qualifiers: vec![], ..postgres.clone() }, file)
                }
                // sqlite3 opens no other file for statements
                Some(_) | None => Vec::new(),
            });
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut steps = vec![pending_step(None), settings_step(&databases)];
    let mut more = vec![("ROLLBACK", "yes".to_owned())];
    match (from, found.first()) {
        (RestoreFrom::Named { .. }, Some(backup)) if backup.kind == BackupKind::Copy => {
            more.push(("RESTORE_OF", backup.run.clone()));
            steps.push(copy_step(Condition::Always));
        }
        (RestoreFrom::Named { .. }, backup) => {
            let run = backup.map(|backup| backup.run.clone()).unwrap_or_default();
            more.extend([("LOADED_FROM", format!("the archive of run {run}")), ("ARCHIVE_OF", run)]);
            steps.extend([verify_step(), copy_step(Condition::Always), load_step()]);
        }
        (RestoreFrom::Statements { file, .. }, _) => {
            more.push(("LOADED_FROM", file.clone()));
            steps.extend([upload_step(), copy_step(Condition::Always), load_step()]);
        }
    }
    steps.extend([
        workers_stop(),
        maintenance_on(),
        protect_step(Condition::Always),
        restore_step(),
        smoke_step(config, true),
    ]);
    let after = finish(config, facts, &databases);
    let mut plan = plan(config, facts, request, "backup restore", databases, with_hooks(config, steps), after);
    plan.params.extend(more);
    plan.release_dir = facts.live.clone().filter(|_| plan.symlink);
    plan.warnings = refuse::warnings(config, facts);
    Ok(plan)
}

/// Statements are carried out with the app's account, which may do what it likes with the live data: what leads there is not sent.
fn leads_elsewhere(facts: &Facts, database: &Protected, elsewhere: &Elsewhere, file: &str) -> Vec<Refusal> {
    let remedy = "dump that database alone, and load that: mariadb-dump SCHEMA (not --databases), pg_dump DATABASE (not pg_dumpall, nor -C)";
    let mut refusals: Vec<Refusal> = elsewhere
        .faults
        .iter()
        .map(|fault| {
            Refusal::new(format!("{file}, {fault}: that would reach beyond the database it is loaded into"), remedy)
        })
        .collect();
    let live = facts.connection(&database.name).map(|connection| &connection.database).or(database.target.as_ref());
    if let Some(live) = live.filter(|live| elsewhere.qualifiers.iter().any(|name| name.eq_ignore_ascii_case(live))) {
        refusals.push(Refusal::new(format!("{file} names `{live}` before a dot, which is the live data"), remedy));
    }
    refusals
}

/// What these plans have in common: the code stays as it is.
fn plan(
    config: &Config,
    facts: &Facts,
    request: &Request,
    command: &str,
    databases: Vec<Protected>,
    steps: Vec<Step>,
    finish: Vec<Finish>,
) -> Plan {
    Plan {
        run: request.run.clone(),
        about: About {
            command: command.to_owned(),
            app: config.app.clone(),
            environment: config.environment.name.clone(),
            revision: facts.current.as_deref().and_then(|release| revision_of(facts, release)),
            actor: request.actor.clone(),
            release: facts.current.clone(),
            previous_release: facts.current.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        symlink: config.release.strategy == Strategy::Symlink,
        release_dir: None,
        params: params(config, request, &databases),
        secrets: secrets(config, request),
        lib: lib(config),
        steps,
        finish,
        databases: databases.into_iter().map(|database| (database.name, database.files)).collect(),
        notify: notify(config),
        settings: settings(config),
        generation: Generation { last_run: facts.last_run.clone(), current: facts.current.clone() },
        key: None,
        warnings: Vec::new(),
    }
}
