//! Text → [`Config`]: the preset under the file, the environment's overrides over it, variables put in.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::{
    error::{ConfigError, HOOK_STEPS, Text, read, suggestion},
    raw,
    types::{
        Check, CheckKind, Config, Database, Engine, Environment, Guard, Hook, HookPoint, HookWhen, HttpCheck, HttpFrom,
        HttpReach, KnownHosts, Lost, Maintenance, MaintenanceCommands, Migrate, Notify, NotifyOn, OnLeak, Preset,
        Protect, Release, RevisionCheck, Runner, Secret, Smoke, Ssh, Strategy, Transport, When, Worker, WorkerKind,
    },
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

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a configuration for one environment; `None` where the file has exactly one.
///
/// # Errors
/// The first thing in the file that cannot be, with its place and what to do.
pub fn load(source: Source<'_>, environment: Option<&str>, variable: Lookup<'_>) -> Result<Config, ConfigError> {
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
    let resolver = Resolver { text, folder: source.folder, variable, environment: &name };
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

struct Resolver<'a> {
    text: Text<'a>,
    folder: &'a Path,
    variable: Lookup<'a>,
    environment: &'a str,
}

type Resolved<T> = Result<T, ConfigError>;

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
        Ok(Config {
            app,
            preset,
            php,
            release: self.release(file.release.unwrap_or_default())?,
            maintenance,
            workers: file.workers.unwrap_or_default().into_iter().map(|w| self.worker(w)).collect::<Resolved<_>>()?,
            databases: self.databases(preset, file.databases)?,
            migrate,
            smoke: self.smoke(file.smoke.unwrap_or_default())?,
            hooks: self.hooks(file.hooks)?,
            notify: notify(file.notify.unwrap_or_default()),
            runner: self.runner(&file.runner.unwrap_or_default())?,
            env: self.env(file.env)?,
            environment: self.environment(environment)?,
        })
    }

    fn release(&self, raw: raw::Release) -> Resolved<Release> {
        let mode = raw.mode.unwrap_or_else(|| "0755".to_owned());
        // its owner links what is shared into the release, so must be able to write there
        let bits = u32::from_str_radix(&mode, 8).ok().filter(|bits| *bits <= 0o7777 && bits & 0o700 == 0o700);
        let mode = bits.ok_or_else(|| {
            let help = Some("write octal digits in quotes, such as \"0755\" or \"0750\"".to_owned());
            self.text.at(&["release", "mode"], format!("{mode:?} is no mode for directories"), help)
        })?;
        let shared = raw.shared.unwrap_or_default();
        let outside =
            |path: &String| path.starts_with('/') || path.split('/').any(|part| part == "..") || path.is_empty();
        if let Some(path) = shared.iter().find(|p| outside(p)) {
            let help = Some("paths in `shared` are relative to the release".to_owned());
            return Err(self.text.at(&["release", "shared"], format!("{path:?} leaves the release"), help));
        }
        Ok(Release {
            strategy: match raw.strategy {
                Some(raw::Strategy::None) => Strategy::None,
                Some(raw::Strategy::Symlink) | None => Strategy::Symlink,
            },
            keep: raw.keep.unwrap_or(5).max(1),
            shared,
            exclude: raw.exclude.unwrap_or_default(),
            mode,
            reload: raw.reload.unwrap_or_default(),
        })
    }

    fn maintenance(&self, preset: Preset, raw: raw::Maintenance) -> Resolved<Maintenance> {
        let when = match raw.when {
            Some(raw::When::Always) => When::Always,
            Some(raw::When::Never) => When::Never,
            Some(raw::When::Pending) | None => When::Pending,
        };
        let commands = match (raw.on, raw.off) {
            (Some(on), Some(off)) => Some(MaintenanceCommands { on, off, check: raw.check }),
            (None, None) => None,
            _ => {
                let help = Some("write both, `on` and `off`".to_owned());
                return Err(self.text.at(&["maintenance"], "one of `on` and `off` is missing", help));
            }
        };
        if preset == Preset::Custom && when != When::Never && commands.is_none() {
            let help = "preset custom needs `maintenance: {on: …, off: …}`, or `when: never`".to_owned();
            return Err(self.text.at(
                &["maintenance", "when"],
                "it is not said how maintenance goes on and off",
                Some(help),
            ));
        }
        Ok(Maintenance {
            when,
            retry_after: self.span(&["maintenance", "retry_after"], raw.retry_after.as_deref(), Span::from_secs(60))?,
            drain: self.span(&["maintenance", "drain"], raw.drain.as_deref(), Span::from_secs(10))?,
            max: self.limit(&["maintenance", "max"], raw.max.as_deref())?,
            on_leak: match raw.on_leak {
                Some(raw::OnLeak::Warn) => OnLeak::Warn,
                Some(raw::OnLeak::Refuse) | None => OnLeak::Refuse,
            },
            commands,
        })
    }

    fn worker(&self, raw: raw::Worker) -> Resolved<Worker> {
        let missing = |key: &str, kind: &str| {
            let help = Some(format!("a worker of kind {kind} needs `{key}`"));
            self.text.at(&["workers"], format!("a worker has no `{key}`"), help)
        };
        let kind = match raw.kind {
            raw::WorkerKind::Supervisor => WorkerKind::Supervisor {
                name: raw.name.ok_or_else(|| missing("name", "supervisor"))?,
                config: raw.config,
            },
            raw::WorkerKind::Queue => WorkerKind::Queue,
            raw::WorkerKind::Command => WorkerKind::Command {
                stop: raw.stop.ok_or_else(|| missing("stop", "command"))?,
                start: raw.start.ok_or_else(|| missing("start", "command"))?,
                check: raw.check,
            },
        };
        Ok(Worker { kind, grace: self.span(&["workers", "grace"], raw.grace.as_deref(), Span::from_secs(60))? })
    }

    fn databases(&self, preset: Preset, raw: Option<raw::Ordered<Option<raw::Database>>>) -> Resolved<Vec<Database>> {
        let resolve = |(name, raw): (String, Option<raw::Database>)| {
            let raw = raw.unwrap_or_default();
            let path = ["databases", name.as_str()];
            let shape =
                name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && name.len() <= 20 && !name.is_empty();
            if !shape {
                let help = Some("names of databases here are letters, digits and _, at most 20".to_owned());
                return Err(self.text.at(&path, format!("{name:?} cannot name a database"), help));
            }
            let engine = match raw.engine {
                None | Some(raw::Engine::Named(raw::EngineName::Auto)) => Engine::Auto,
                Some(raw::Engine::Named(raw::EngineName::Mysql)) => Engine::Mysql,
                Some(raw::Engine::Named(raw::EngineName::Sqlite)) => Engine::Sqlite,
                Some(raw::Engine::Named(raw::EngineName::None)) => Engine::None,
                Some(raw::Engine::Command(c)) => {
                    Engine::Command { backup: c.command.backup, restore: c.command.restore }
                }
            };
            if preset == Preset::Custom {
                let needed = match engine {
                    Engine::Auto => Some("`engine`: without a framework it cannot be found out"),
                    Engine::Mysql if raw.credentials.is_none() || raw.database.is_none() => {
                        Some("`credentials` (an option file on the target) and `database` (the schema)")
                    }
                    Engine::Sqlite if raw.database.is_none() => Some("`database`: the file"),
                    Engine::Mysql | Engine::Sqlite | Engine::Command { .. } | Engine::None => None,
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
                name,
            })
        };
        raw.map_or(Vec::new(), |r| r.0).into_iter().map(resolve).collect()
    }

    fn migrate(&self, raw: raw::Migrate) -> Resolved<Migrate> {
        Ok(Migrate { command: raw.command, timeout: self.limit(&["migrate", "timeout"], raw.timeout.as_deref())? })
    }

    fn smoke(&self, raw: raw::Smoke) -> Resolved<Smoke> {
        let checks = raw.checks.unwrap_or_default().into_iter().map(|c| self.check(c)).collect::<Resolved<_>>()?;
        Ok(Smoke { before: raw.before.unwrap_or_default(), checks })
    }

    fn check(&self, raw: raw::Check) -> Resolved<Check> {
        let wrong = |message: &str| {
            let help = Some("each check has exactly one of http, revision, tls, command".to_owned());
            self.text.at(&["smoke", "checks"], message, help)
        };
        let only_http = raw.status.is_some()
            || raw.json.is_some()
            || raw.headers.is_some()
            || raw.body.is_some()
            || raw.redirects.is_some();
        let kind = match (raw.http, raw.revision, raw.tls, raw.command) {
            (Some(http), None, None, None) => CheckKind::Http(HttpCheck {
                http,
                status: match raw.status {
                    Some(raw::OneOrMany::One(status)) => vec![status],
                    Some(raw::OneOrMany::Many(statuses)) => statuses,
                    None => vec![200],
                },
                json: json_pairs(&raw.json.unwrap_or_default())
                    .ok_or_else(|| wrong("a value in `json` cannot be in JSON"))?,
                headers: raw.headers.unwrap_or_default().into_iter().collect(),
                body: raw.body,
                redirects: raw.redirects.unwrap_or(0),
            }),
            (None, Some(revision), None, None) if !only_http => {
                CheckKind::Revision(RevisionCheck { http: revision.http, json: revision.json })
            }
            (None, None, Some(tls), None) if !only_http => CheckKind::Tls { days: tls.days },
            (None, None, None, Some(command)) if !only_http => CheckKind::Command { command },
            (None, ..) if only_http => {
                return Err(wrong("status, json, headers, body and redirects belong to a check with http"));
            }
            _ => return Err(wrong("a check has none, or several, of http, revision, tls, command")),
        };
        Ok(Check {
            kind,
            required: raw.required.unwrap_or(true),
            attempts: raw.attempts.unwrap_or(1).max(1),
            every: self.span(&["smoke", "checks", "every"], raw.every.as_deref(), Span::from_secs(2))?,
            within: self.span(&["smoke", "checks", "within"], raw.within.as_deref(), Span::from_secs(10))?,
        })
    }

    fn hooks(&self, raw: Option<raw::Ordered<Vec<raw::Hook>>>) -> Resolved<Vec<HookPoint>> {
        let mut points = Vec::new();
        for (key, hooks) in raw.map_or(Vec::new(), |r| r.0) {
            let step = |prefix: &str| key.strip_prefix(prefix).filter(|s| HOOK_STEPS.contains(s)).map(str::to_owned);
            let when = match key.as_str() {
                "after-commit" => HookWhen::AfterCommit,
                "after-rollback" => HookWhen::AfterRollback,
                _ => step("before-").map(HookWhen::Before).or_else(|| step("after-").map(HookWhen::After)).ok_or_else(
                    || {
                        let known: Vec<String> =
                            HOOK_STEPS.iter().flat_map(|s| [format!("before-{s}"), format!("after-{s}")]).collect();
                        let known: Vec<&str> =
                            known.iter().map(String::as_str).chain(["after-commit", "after-rollback"]).collect();
                        self.text.at(
                            &["hooks", &key],
                            format!("there is no hook `{key}`"),
                            Some(suggestion(&key, &known)),
                        )
                    },
                )?,
            };
            let hooks = hooks.into_iter().map(|hook| self.hook(&key, hook)).collect::<Resolved<_>>()?;
            points.push(HookPoint { when, hooks });
        }
        Ok(points)
    }

    fn hook(&self, key: &str, raw: raw::Hook) -> Resolved<Hook> {
        Ok(match raw {
            raw::Hook::Command(command) => Hook { name: None, command, undo: None, timeout: None },
            raw::Hook::Full(full) => Hook {
                name: full.name,
                command: full.action,
                undo: full.undo,
                timeout: self.limit(&["hooks", key], full.timeout.as_deref())?,
            },
        })
    }

    fn runner(&self, raw: &raw::Runner) -> Resolved<Runner> {
        let lease = self.span(&["runner", "lease"], raw.lease.as_deref(), Span::from_secs(120))?;
        if lease < Span::from_secs(15) {
            let help = "a dead link is found after some 10 s: less than 15s would roll back for a hiccup".to_owned();
            return Err(self.text.at(&["runner", "lease"], format!("a lease of {lease} is too short"), Some(help)));
        }
        Ok(Runner {
            lease,
            lost: match raw.lost {
                Some(raw::Lost::Wait) => Lost::Wait,
                Some(raw::Lost::Rollback) | None => Lost::Rollback,
            },
            guard: match raw.guard {
                Some(raw::Guard::Cron) => Guard::Cron,
                Some(raw::Guard::None) => Guard::None,
                Some(raw::Guard::Auto) | None => Guard::Auto,
            },
        })
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

    fn environment(&self, raw: raw::Environment) -> Resolved<Environment> {
        let here = |key: &'static str| ["environments", self.environment, key];
        let put = |key: &'static str, value: Option<String>| value.map(|v| self.put_in(&here(key), &v)).transpose();
        let path = put("path", raw.path)?.ok_or_else(|| {
            self.text.at(
                &here("path"),
                "`path` is missing",
                Some("the absolute path of the app on the target".to_owned()),
            )
        })?;
        if !path.starts_with('/') || path.len() < 2 || path.contains('\n') {
            let help = Some("write the absolute path of the app on the target, such as /var/www/shop".to_owned());
            return Err(self.text.at(&here("path"), format!("{path:?} is no absolute path"), help));
        }
        let url = put("url", raw.url)?.map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = url.as_deref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            let help = Some("begin with https:// or http://".to_owned());
            return Err(self.text.at(&here("url"), format!("{url:?} is no address"), help));
        }
        let http = raw.http.unwrap_or_default();
        let mut headers = Vec::new();
        for (name, value) in http.headers.unwrap_or_default() {
            headers.push((name, Secret::new(self.put_in(&here("http"), &value)?)));
        }
        let http = HttpReach {
            from: match http.from {
                Some(raw::HttpFrom::Target) => HttpFrom::Target,
                Some(raw::HttpFrom::Runner) | None => HttpFrom::Runner,
            },
            resolve: put("http", http.resolve)?,
            headers,
        };
        let transport = match raw.transport {
            Some(raw::TransportName::Local) => Transport::Local,
            Some(raw::TransportName::Ssh) | None => {
                let host = put("host", raw.host)?.ok_or_else(|| {
                    let help = "write `host: deploy@staging.example.com`, or `transport: local`".to_owned();
                    self.text.at(&here("host"), format!("environment `{}` has no `host`", self.environment), Some(help))
                })?;
                Transport::Ssh(self.ssh(
                    &host,
                    raw.port,
                    put("jump", raw.jump)?,
                    put("identity_file", raw.identity_file)?,
                    put("known_hosts", raw.known_hosts)?,
                )?)
            }
        };
        Ok(Environment {
            name: self.environment.to_owned(),
            drills: raw.drills.unwrap_or(false),
            production: raw.production.unwrap_or(true),
            transport,
            path: path.trim_end_matches('/').to_owned(),
            url,
            http,
        })
    }

    fn ssh(
        &self,
        host: &str,
        port: Option<Value>,
        jump: Option<String>,
        identity: Option<String>,
        known: Option<String>,
    ) -> Resolved<Ssh> {
        let here = |key: &'static str| ["environments", self.environment, key];
        let (user, host) = host.split_once('@').map_or((None, host), |(user, host)| (Some(user), host));
        let plain = |text: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:[]%".contains(c))
        };
        if !plain(host) || user.is_some_and(|user| !plain(user)) {
            let help = Some("write [user@]host; the port has its own key".to_owned());
            return Err(self.text.at(&here("host"), format!("{host:?} is no host"), help));
        }
        let port = match port {
            None => 22,
            Some(value) => {
                let text = value
                    .as_u64()
                    .map(|n| n.to_string())
                    .or_else(|| value.as_str().map(str::to_owned))
                    .unwrap_or_default();
                let text = self.put_in(&here("port"), &text)?;
                text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
                    self.text.at(
                        &here("port"),
                        "the port is no number from 1 to 65535",
                        Some("write `port: 22`, or leave it out".to_owned()),
                    )
                })?
            }
        };
        let known = known.ok_or_else(|| {
            let scan = if port == 22 { format!("ssh-keyscan {host}") } else { format!("ssh-keyscan -p {port} {host}") };
            let help = format!(
                "name a file, or give the lines that `{scan}` prints, once compared with what the server itself says: \
                 `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`"
            );
            self.text.at(&here("known_hosts"), "`known_hosts` is missing: host keys are checked strictly", Some(help))
        })?;
        let known_hosts = if known.trim().contains([' ', '\n']) {
            KnownHosts::Text(known)
        } else {
            KnownHosts::File(self.path(known.trim()))
        };
        Ok(Ssh {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            jump,
            identity_file: identity.map(|path| self.path(&path)),
            known_hosts,
        })
    }

    /// A path on the runner.
    fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), (self.variable)("HOME")) {
            (Some(below), Some(home)) => Path::new(&home).join(below),
            _ => self.folder.join(text.trim_start_matches("./")),
        }
    }

    fn put_in(&self, path: &[&str], value: &str) -> Resolved<String> {
        substitute(value, self.variable).map_err(|error| {
            let help = Some("set it where Backstay runs, or write ${NAME:-default}; $${ is a literal ${".to_owned());
            self.text.at(path, error.to_string(), help)
        })
    }

    fn span(&self, path: &[&str], text: Option<&str>, otherwise: Span) -> Resolved<Span> {
        text.map_or(Ok(otherwise), |t| {
            t.parse().map_err(|error: crate::model::InvalidSpan| self.text.at(path, error.to_string(), None))
        })
    }

    fn limit(&self, path: &[&str], text: Option<&str>) -> Resolved<Option<Span>> {
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

fn json_pairs(map: &Mapping) -> Option<Vec<(String, serde_json::Value)>> {
    map.iter().map(|(key, value)| Some((key.as_str()?.to_owned(), serde_json::to_value(value).ok()?))).collect()
}
