//! `databases`: what is protected, and how.

use crate::{
    config::{
        load::{Resolved, Resolver},
        raw,
        types::{Database, Engine, Preset, Protect},
    },
    model::Span,
};

impl Resolver<'_> {
    pub(in crate::config) fn databases(
        &self,
        preset: Preset,
        raw: Option<raw::Ordered<Option<raw::Database>>>,
    ) -> Resolved<Vec<Database>> {
        let resolve = |(name, raw): (String, Option<raw::Database>)| {
            let raw = raw.unwrap_or_default();
            let path = ["databases", name.as_str()];
            let shape =
                name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && name.len() <= 20 && !name.is_empty();
            if !shape {
                let help = Some("names of databases here are letters, digits and _, at most 20".to_owned());
                return Err(self.text.at(&path, format!("{name:?} cannot name a database"), help));
            }
            let engine = match raw.engine.clone() {
                None | Some(raw::Engine::Named(raw::EngineName::Auto)) => Engine::Auto,
                Some(raw::Engine::Named(raw::EngineName::Mysql)) => Engine::Mysql,
                Some(raw::Engine::Named(raw::EngineName::Postgres)) => Engine::Postgres,
                Some(raw::Engine::Named(raw::EngineName::Sqlite)) => Engine::Sqlite,
                Some(raw::Engine::Named(raw::EngineName::None)) => Engine::None,
                Some(raw::Engine::Command(c)) => {
                    Engine::Command { backup: c.command.backup, restore: c.command.restore }
                }
            };
            if let Some((key, why)) = without_use(preset, &engine, &raw) {
                let help =
                    Some("leave it out; or reset it for this environment alone, by null under `override`".to_owned());
                return Err(self.text.at(&["databases", &name, key], format!("`{key}` has no use here: {why}"), help));
            }
            if preset == Preset::Custom {
                let needed = match engine {
                    Engine::Auto => Some("`engine`: without a framework it cannot be found out"),
                    Engine::Mysql if raw.credentials.is_none() || raw.database.is_none() => {
                        Some("`credentials` (an option file on the target) and `database` (the schema)")
                    }
                    Engine::Postgres if raw.credentials.is_none() || raw.database.is_none() => {
                        Some("`credentials` (a service file of libpq on the target) and `database`")
                    }
                    Engine::Sqlite if raw.database.is_none() => Some("`database`: the file"),
                    Engine::Mysql | Engine::Postgres | Engine::Sqlite | Engine::Command { .. } | Engine::None => None,
                };
                if let Some(needed) = needed {
                    let help = Some("preset custom knows no connections of an app".to_owned());
                    return Err(self.text.at(&path, format!("database `{name}` needs {needed}"), help));
                }
            }
            let keep_failed = self.span(
                &["databases", &name, "keep_failed"],
                raw.keep_failed.as_deref(),
                Span::from_secs(3 * 86_400),
            )?;
            Ok(Database {
                connection: raw.connection.filter(|c| c != "auto"),
                engine,
                protect: match raw.protect {
                    Some(raw::Protect::Shadow) => Protect::Shadow,
                    Some(raw::Protect::Auto) | None => Protect::Auto,
                },
                admin: raw.admin,
                credentials: raw.credentials,
                database: raw.database,
                keep_copies: raw.keep_copies.unwrap_or(1),
                keep_failed,
                archive: raw.archive.unwrap_or(false),
                name,
            })
        };
        raw.map_or(Vec::new(), |r| r.0).into_iter().map(resolve).collect()
    }
}

/// A key that would do nothing, and why.
fn without_use(preset: Preset, engine: &Engine, raw: &raw::Database) -> Option<(&'static str, &'static str)> {
    let of_preset = match preset {
        Preset::Laravel => (raw.database.is_some(), "database", "the app says it itself, of each `connection`"),
        Preset::Custom => (raw.connection.is_some(), "connection", "preset custom knows no connections of an app"),
    };
    let is_shadow = matches!(raw.protect, Some(raw::Protect::Shadow));
    let of_engine = |why: &'static str| {
        [
            (raw.admin.is_some(), "admin", why),
            (is_shadow, "protect", why),
            (raw.credentials.is_some(), "credentials", why),
        ]
    };
    let retention = |why: &'static str| {
        [
            (raw.keep_copies.is_some(), "keep_copies", why),
            (raw.keep_failed.is_some(), "keep_failed", why),
            (raw.archive == Some(true), "archive", why),
        ]
    };
    let mut all = vec![of_preset];
    match engine {
        Engine::Auto | Engine::Mysql | Engine::Postgres => {}
        Engine::Sqlite => all.extend(of_engine("SQLite is a file that is copied whole")),
        Engine::Command { .. } => {
            let why = "with engine command, backup and restore are all that is done";
            all.extend(of_engine(why));
            all.extend(retention(why));
        }
        Engine::None => {
            let why = "with engine none the database is not protected";
            all.extend(of_engine(why));
            all.extend(retention(why));
        }
    }
    all.into_iter().find(|(is_there, ..)| *is_there).map(|(_, key, why)| (key, why))
}
