//! Databases in a plan, one file an engine: its scripts and what they are told.

mod command;
mod mysql;
mod postgres;
mod sqlite;

use super::{PlanFile, Script};
use crate::config::{Config, Database, Engine};

/// One database that a run protects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    /// Its key in the configuration.
    pub name: String,
    /// The app's connection to ask for, `auto` for its default one; none: the configuration says all.
    pub connection: Option<String>,
    /// What the app must still answer: its lines `driver`, `database` and `host` as the probe saw them.
    pub expected: Option<String>,
    /// A file on the target with the app's account.
    pub credentials: Option<String>,
    /// The schema or file, where the configuration says it.
    pub target: Option<String>,
    /// The driver, where it is known before the app is asked.
    pub driver: Option<&'static str>,
    /// `DRIVER/FILE` below `databases/<name>/`.
    pub files: Vec<PlanFile>,
}

/// What the app said of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// `mysql`, `mariadb`, `pgsql`, `sqlite`, …
    pub driver: String,
    /// The schema, or the file.
    pub database: String,
    /// The server.
    pub host: String,
}

/// The engines that a connection's driver may lead to. An unknown one (a first deploy) takes all of them along; the
/// step `settings` says which one counts.
fn drivers(database: &Database, connection: Option<&Connection>) -> Vec<&'static str> {
    match (&database.engine, connection.map(|c| c.driver.as_str())) {
        (Engine::None, _) => vec![],
        (Engine::Command { .. }, _) => vec!["command"],
        (Engine::Mysql, _) | (Engine::Auto, Some("mysql" | "mariadb")) => vec!["mysql"],
        (Engine::Postgres, _) | (Engine::Auto, Some("pgsql")) => vec!["postgres"],
        (Engine::Sqlite, _) | (Engine::Auto, Some("sqlite")) => vec!["sqlite"],
        (Engine::Auto, Some(_)) => vec![],
        (Engine::Auto, None) => vec!["mysql", "postgres", "sqlite"],
    }
}

/// The database as the plan protects it; none where it is not protected (`engine: none`).
pub fn protected(
    config: &Config,
    database: &Database,
    run: &str,
    connection: Option<&Connection>,
) -> Option<Protected> {
    let drivers = drivers(database, connection);
    if drivers.is_empty() {
        return None;
    }
    let mut files = Vec::new();
    for driver in &drivers {
        let parts = match (*driver, &database.engine) {
            ("command", Engine::Command { backup, restore }) => command::files(backup, restore),
            ("mysql", _) => mysql::files(database),
            ("postgres", _) => postgres::files(database),
            ("sqlite", _) => sqlite::files(database, run),
            _ => Vec::new(),
        };
        files.extend(
            parts.into_iter().map(|file| PlanFile { path: format!("{driver}/{}", file.path), bytes: file.bytes }),
        );
    }
    let asks_app = config.preset == crate::config::Preset::Laravel && drivers != ["command"];
    Some(Protected {
        name: database.name.clone(),
        connection: asks_app.then(|| database.connection.clone().unwrap_or_else(|| "auto".to_owned())),
        expected: connection
            .filter(|_| asks_app)
            .map(|c| format!("driver\t{}\ndatabase\t{}\nhost\t{}", c.driver, c.database, c.host)),
        credentials: database.credentials.clone(),
        target: if asks_app { None } else { database.database.clone() },
        driver: (drivers.len() == 1).then(|| drivers[0]),
        files,
    })
}

/// The text of a script under `src/scripts/database/`.
macro_rules! script {
    ($file:literal) => {
        Script(include_str!(concat!("../../scripts/database/", $file)))
    };
}
use script;

fn file(name: &str, script: Script) -> PlanFile {
    PlanFile::text(name, script.0)
}
