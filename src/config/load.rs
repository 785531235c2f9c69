//! Text → [`Config`]: the preset under the file, the environment's overrides over it, variables put in.

use std::path::{Path, PathBuf};

use serde_yaml::Value;

use super::{
    error::{ConfigError, Text, read, suggestion},
    raw,
    types::{Config, Migrate, Notify, NotifyOn, Objectives, Preset, Secret},
    variables::substitute,
};
use crate::model::Span;

/// A configuration file's text and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file, as the user named it.
    pub name: &'a str,
    /// What it holds.
    pub text: &'a str,
    /// Its folder: relative paths on the runner start here.
    pub folder: &'a Path,
}

/// What is said beside the file, for the chosen environment; it beats the file.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The private key of `identity_file`.
    pub identity_file: Option<PathBuf>,
    /// A file of host keys, from the file's folder, or the lines themselves, as `known_hosts` takes them.
    pub known_hosts: Option<String>,
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a configuration for one environment; `None` where the file has exactly one.
///
/// # Errors
/// The first thing in the file that cannot be, with its place and what to do.
pub fn load(source: Source<'_>, environment: Option<&str>, variable: Lookup<'_>) -> Result<Config, ConfigError> {
    load_beside(source, environment, variable, &Beside::default())
}

/// The same, with what is said beside the file.
///
/// # Errors
/// As [`load`].
pub fn load_beside(
    source: Source<'_>,
    environment: Option<&str>,
    variable: Lookup<'_>,
    beside: &Beside,
) -> Result<Config, ConfigError> {
    let text = Text { name: source.name, text: source.text };
    let file = read(text)?;
    if file.version != 1 {
        let help = "this Backstay reads version 1: write `version: 1`".to_owned();
        return Err(text.at(&["version"], format!("version {} is not known", file.version), Some(help)));
    }
    let environments = file.environments.as_ref().map_or(&[][..], |e| &e.0);
    let name = choose(text, environments.iter().map(|(name, _)| name.as_str()).collect(), environment)?;
    let merged = merged(text, &file, &name)?;
    let raw = environments.iter().find(|(n, _)| *n == name).map(|(_, e)| e.clone()).unwrap_or_default();
    let resolver = Resolver { text, folder: source.folder, variable, environment: &name, beside };
    resolver.config(merged, raw)
}

fn choose(text: Text<'_>, known: Vec<&str>, asked: Option<&str>) -> Result<String, ConfigError> {
    match (asked, known.as_slice()) {
        (_, []) => {
            let help = "add one, such as `environments: {staging: {host: deploy@example.com, path: /var/www/app, …}}`";
            Err(text.at(&["environments"], "no environment is configured", Some(help.to_owned())))
        }
        (Some(asked), known) if known.contains(&asked) => Ok(asked.to_owned()),
        (Some(asked), known) => {
            let help = format!("{} (configured: {})", suggestion(asked, known), known.join(", "));
            Err(text.at(&["environments"], format!("there is no environment `{asked}`"), Some(help)))
        }
        (None, [only]) => Ok((*only).to_owned()),
        (None, known) => {
            let help = format!("say which one with -e: {}", known.join(", "));
            Err(text.at(&["environments"], "the file has several environments", Some(help)))
        }
    }
}

/// Preset, file and override, laid over each other.
fn merged(text: Text<'_>, file: &raw::File, environment: &str) -> Result<raw::File, ConfigError> {
    let mut base: Value = serde_yaml::from_str(text.text).map_err(|error| text.yaml(&error))?;
    let overriding = file
        .environments
        .iter()
        .flat_map(|e| &e.0)
        .find(|(name, _)| name == environment)
        .and_then(|(_, e)| e.overriding.clone());
    if let Value::Mapping(map) = &mut base {
        map.remove("environments");
    }
    let preset = |value: &Value| value.get("preset").and_then(Value::as_str).map(str::to_owned);
    let named = overriding.as_ref().and_then(&preset).or_else(|| preset(&base)).unwrap_or_else(|| "laravel".to_owned());
    let preset = Preset::ALL.into_iter().find(|p| p.name() == named).unwrap_or(Preset::Laravel);
    let mut value: Value = serde_yaml::from_str(preset.fragment()).map_err(|error| text.yaml(&error))?;
    if base.get("databases").is_some() {
        // The preset's one database stands for "the app's own"; a list of one's own replaces it.
        if let Value::Mapping(map) = &mut value {
            map.remove("databases");
        }
    }
    overlay(&mut value, base);
    if let Some(over) = overriding {
        for key in ["version", "environments"] {
            if over.get(key).is_some() {
                let help = Some("an override takes any other key of the file".to_owned());
                return Err(text.at(
                    &["environments", environment, "override"],
                    format!("`{key}` cannot be overridden"),
                    help,
                ));
            }
        }
        overlay(&mut value, over);
    }
    serde_yaml::from_value(value).map_err(|error| {
        let found = text.yaml(&error);
        if found.place.is_some() {
            return found;
        }
        text.at(&["environments", environment, "override"], found.message, found.help)
    })
}

/// Maps merge, lists and values replace, `null` takes away what lay below.
fn overlay(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Mapping(below), Value::Mapping(above)) => {
            for (key, value) in above {
                match below.get_mut(&key) {
                    Some(old) if !value.is_null() => overlay(old, value),
                    Some(_) => {
                        below.remove(&key);
                    }
                    None => {
                        below.insert(key, value);
                    }
                }
            }
        }
        (below, above) => *below = above,
    }
}

/// Makes what holds out of what is written; each section has a file of its own under `sections/`.
pub(super) struct Resolver<'a> {
    pub(super) text: Text<'a>,
    folder: &'a Path,
    pub(super) variable: Lookup<'a>,
    pub(super) environment: &'a str,
    pub(super) beside: &'a Beside,
}

pub(super) type Resolved<T> = Result<T, ConfigError>;

impl Resolver<'_> {
    fn config(&self, file: raw::File, environment: raw::Environment) -> Resolved<Config> {
        let preset = match file.preset {
            Some(raw::PresetName::Custom) => Preset::Custom,
            Some(raw::PresetName::Laravel) | None => Preset::Laravel,
        };
        let app = file.app.ok_or_else(|| {
            self.text.at(&["version"], "`app` is missing", Some("name the app: `app: shop-api`".to_owned()))
        })?;
        let php = file.php.unwrap_or_else(|| "php".to_owned());
        let mut migrate = self.migrate(file.migrate.unwrap_or_default())?;
        if preset == Preset::Laravel && migrate.command.as_deref() == Some("php artisan migrate --force") {
            migrate.command = Some(format!("{php} artisan migrate --force"));
        }
        let maintenance = self.maintenance(preset, file.maintenance.unwrap_or_default())?;
        let environment = self.environment(environment)?;
        let config = Config {
            app,
            preset,
            php,
            release: self.release(file.release.unwrap_or_default())?,
            maintenance,
            workers: self.workers(file.workers.unwrap_or_default())?,
            databases: self.databases(preset, file.databases)?,
            migrate,
            smoke: self.smoke(file.smoke.unwrap_or_default(), environment.url.as_deref())?,
            hooks: Vec::new(),
            notify: notify(file.notify.unwrap_or_default()),
            retention: self.retention(file.retention)?,
            objectives: self.objectives(&file.objectives.unwrap_or_default())?,
            runner: self.runner(&file.runner.unwrap_or_default())?,
            env: self.env(file.env)?,
            environment,
        };
        // which steps there are follows from all the rest
        let hooks = self.hooks(file.hooks, &config)?;
        Ok(Config { hooks, ..config })
    }

    fn migrate(&self, raw: raw::Migrate) -> Resolved<Migrate> {
        Ok(Migrate { command: raw.command, timeout: self.limit(&["migrate", "timeout"], raw.timeout.as_deref())? })
    }

    fn objectives(&self, raw: &raw::Objectives) -> Resolved<Objectives> {
        let limit = |key: &'static str, text: &Option<String>| self.limit(&["objectives", key], text.as_deref());
        Ok(Objectives { rollback: limit("rollback", &raw.rollback)?, downtime: limit("downtime", &raw.downtime)? })
    }

    fn env(&self, raw: Option<raw::Ordered<String>>) -> Resolved<Vec<(String, Secret)>> {
        let put = |(name, value): (String, String)| {
            let shape = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !name.starts_with(|c: char| c.is_ascii_digit());
            if !shape || name.is_empty() || name.starts_with("BACKSTAY_") {
                let help = Some("letters, digits and _, not beginning with BACKSTAY_".to_owned());
                return Err(self.text.at(&["env", &name], format!("{name:?} cannot name a variable"), help));
            }
            let value = self.put_in(&["env", &name], &value)?;
            Ok((name, Secret::new(value)))
        };
        raw.map_or(Vec::new(), |r| r.0).into_iter().map(put).collect()
    }

    /// A path on the runner.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), (self.variable)("HOME")) {
            (Some(below), Some(home)) => Path::new(&home).join(below),
            _ => self.folder.join(text.trim_start_matches("./")),
        }
    }

    pub(super) fn put_in(&self, path: &[&str], value: &str) -> Resolved<String> {
        substitute(value, self.variable).map_err(|error| {
            let help = Some("set it where Backstay runs, or write ${NAME:-default}; $${ is a literal ${".to_owned());
            self.text.at(path, error.to_string(), help)
        })
    }

    pub(super) fn span(&self, path: &[&str], text: Option<&str>, otherwise: Span) -> Resolved<Span> {
        text.map_or(Ok(otherwise), |t| {
            t.parse().map_err(|error: crate::model::InvalidSpan| self.text.at(path, error.to_string(), None))
        })
    }

    pub(super) fn limit(&self, path: &[&str], text: Option<&str>) -> Resolved<Option<Span>> {
        match text {
            None | Some("none") => Ok(None),
            Some(text) => self.span(path, Some(text), Span::from_ms(0)).map(Some),
        }
    }
}

fn notify(raw: raw::Notify) -> Notify {
    let on = raw.on.unwrap_or_else(|| vec![raw::NotifyOn::RolledBack, raw::NotifyOn::Stuck]);
    let on = on.into_iter().map(|on| match on {
        raw::NotifyOn::Committed => NotifyOn::Committed,
        raw::NotifyOn::RolledBack => NotifyOn::RolledBack,
        raw::NotifyOn::Stuck => NotifyOn::Stuck,
    });
    Notify { on: on.collect(), command: raw.command }
}
