//! `databases`: what is protected, and how.

use crate::{
    config::{
        load::{Resolved, Resolver},
        raw,
        types::{CopyLoad, Database, Engine, Preset, Protect},
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
                    Some(raw::Protect::Dump) => Protect::Dump,
                    Some(raw::Protect::Auto) | None => Protect::Auto,
                },
                admin: raw.admin,
                credentials: raw.credentials,
                database: raw.database,
                copy: self.copy_load(&name, raw.copy)?,
                keep_copies: raw.keep_copies.unwrap_or(1),
                keep_failed,
                archive: raw.archive.unwrap_or(false),
                name,
            })
        };
        raw.map_or(Vec::new(), |r| r.0).into_iter().map(resolve).collect()
    }

    fn copy_load(&self, database: &str, raw: Option<raw::CopyLoad>) -> Resolved<CopyLoad> {
        let raw = raw.unwrap_or_default();
        if let Some(sessions) = raw.sessions.filter(|n| !(1..=32).contains(n)) {
            let path = ["databases", database, "copy", "sessions"];
            let help = Some("a number from 1 to 32".to_owned());
            return Err(self.text.at(&path, format!("a copy cannot be made in {sessions} sessions"), help));
        }
        let pause = raw.pause.unwrap_or_else(|| CopyLoad::default().pause);
        let is_number = pause.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !is_number || !pause.parse::<f64>().is_ok_and(|times| (0.0..=100.0).contains(&times)) {
            let path = ["databases", database, "copy", "pause"];
            let help = Some(
                "how many times as long as a piece of the copy took: 0.5 for half of it, 0 for no pause, at most 100"
                    .to_owned(),
            );
            return Err(self.text.at(&path, format!("{pause:?} is no such number"), help));
        }
        Ok(CopyLoad { sessions: raw.sessions, pause })
    }
}

/// A key that would do nothing, and why.
fn without_use(preset: Preset, engine: &Engine, raw: &raw::Database) -> Option<(&'static str, &'static str)> {
    let of_preset = match preset {
        Preset::Laravel => (raw.database.is_some(), "database", "the app says it itself, of each `connection`"),
        Preset::Custom => (raw.connection.is_some(), "connection", "preset custom knows no connections of an app"),
    };
    let is_chosen = matches!(raw.protect, Some(raw::Protect::Shadow | raw::Protect::Dump));
    let is_dump = matches!(raw.protect, Some(raw::Protect::Dump));
    let of_engine = |why: &'static str| {
        [
            (raw.admin.is_some(), "admin", why),
            (is_chosen, "protect", why),
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
    let copy = |why: &'static str| (raw.copy.is_some(), "copy", why);
    let mut all = vec![of_preset];
    match engine {
        Engine::Auto => {}
        Engine::Mysql => all.push((is_dump, "protect", "a dump protects PostgreSQL alone")),
        Engine::Postgres => all.push(copy("PostgreSQL is copied in maintenance, as fast as that goes")),
        Engine::Sqlite => {
            let why = "SQLite is a file that is copied whole";
            all.extend(of_engine(why));
            all.push(copy(why));
        }
        Engine::Command { .. } => {
            let why = "with engine command, backup and restore are all that is done";
            all.extend(of_engine(why));
            all.extend(retention(why));
            all.push(copy(why));
        }
        Engine::None => {
            let why = "with engine none the database is not protected";
            all.extend(of_engine(why));
            all.extend(retention(why));
            all.push(copy(why));
        }
    }
    all.into_iter().find(|(is_there, ..)| *is_there).map(|(_, key, why)| (key, why))
}
