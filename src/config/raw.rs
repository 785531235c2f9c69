//! The file as it is written: every key optional, unknown ones refused. The schema is made from these types, so their
//! comments are what an editor shows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_yaml::{Mapping, Value};

/// `backstay.yml`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "backstay.yml")]
pub struct File {
    /// The version of this format: 1.
    pub version: u32,
    /// The app's name, as reports show it.
    pub app: Option<String>,
    /// What fills in the keys that are absent.
    pub preset: Option<PresetName>,
    /// laravel: the PHP to use on the target, such as `php8.2`.
    pub php: Option<String>,
    /// How code reaches the target.
    pub release: Option<Release>,
    /// When and how users see maintenance.
    pub maintenance: Option<Maintenance>,
    /// What works in the background and must stop while data is moved.
    pub workers: Option<Vec<Worker>>,
    /// Databases to protect, by a name of your choice.
    #[schemars(with = "Option<BTreeMap<String, Option<Database>>>")]
    pub databases: Option<Ordered<Option<Database>>>,
    /// The migration.
    pub migrate: Option<Migrate>,
    /// Checks before the commit.
    pub smoke: Option<Smoke>,
    /// Commands around steps: `before-<step>`, `after-<step>`, `after-commit`, `after-rollback`.
    #[schemars(with = "Option<BTreeMap<String, Vec<Hook>>>")]
    pub hooks: Option<Ordered<Vec<Hook>>>,
    /// Who is told how a run ended.
    pub notify: Option<Notify>,
    /// How many archives `backstay backup prune` leaves.
    pub retention: Option<Retention>,
    /// What a drill is measured by.
    pub objectives: Option<Objectives>,
    /// The lease and the guard.
    pub runner: Option<Runner>,
    /// Variables for steps and hooks; handed over on standard input, never in scripts.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub env: Option<Ordered<String>>,
    /// Where the app can go, by name.
    #[schemars(with = "Option<BTreeMap<String, Environment>>")]
    pub environments: Option<Ordered<Environment>>,
}

/// A map that keeps the order of the file.
#[derive(Debug, Clone)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(String, T)> = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if entries.iter().any(|(k, _)| *k == key) {
                        return Err(serde::de::Error::custom(format!("duplicate key `{key}`")));
                    }
                    entries.push((key, map.next_value()?));
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

/// A length of time or a mode, as it is written. A bare number is taken here, so that the error that follows can point at
/// its key; without this it is found only in the merged file, which has no lines.
fn written<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Bool(flag)) => Some(flag.to_string()),
        Some(Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_)) => {
            return Err(serde::de::Error::custom("expected a text, such as 90s"));
        }
    })
}

/// Presets that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PresetName {
    /// Laravel 8 and later.
    Laravel,
    /// Nothing is assumed.
    Custom,
}

/// How code reaches the target.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// `symlink`: the artifact is unpacked beside the live release. `none`: the code is already there.
    pub strategy: Option<Strategy>,
    /// How many committed releases are kept.
    pub keep: Option<u32>,
    /// Paths linked from `shared/` into every release, over what the artifact has there. What `shared/` lacks is taken from the
    /// artifact, once.
    pub shared: Option<Vec<String>>,
    /// Paths of the artifact that are left out.
    pub exclude: Option<Vec<String>>,
    /// Permission bits of directories, octal in quotes: `"0755"`.
    #[serde(default, deserialize_with = "written")]
    pub mode: Option<String>,
    /// Commands after every switch, in either direction.
    pub reload: Option<Vec<String>>,
}

/// symlink or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Beside the live release.
    Symlink,
    /// Already there.
    None,
}

/// When and how users see maintenance.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// `pending`: only when migrations are; `always`; `never`: code rolls back, migrated data stays.
    pub when: Option<When>,
    /// The `Retry-After` that users are sent.
    #[serde(default, deserialize_with = "written")]
    pub retry_after: Option<String>,
    /// How long requests that already run may take before the copy is sealed.
    #[serde(default, deserialize_with = "written")]
    pub drain: Option<String>,
    /// The longest maintenance before the run is rolled back, or `none`.
    #[serde(default, deserialize_with = "written")]
    pub max: Option<String>,
    /// Something still writes: `refuse` or `warn`.
    pub on_leak: Option<OnLeak>,
    /// preset custom: the command that puts the app into maintenance.
    pub on: Option<String>,
    /// preset custom: the command that takes it out of maintenance.
    pub off: Option<String>,
    /// preset custom: exits 0 exactly when the app is in maintenance.
    pub check: Option<String>,
}

/// pending, always or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Only when migrations are pending.
    Pending,
    /// In every deploy.
    Always,
    /// Never.
    Never,
}

/// refuse or warn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnLeak {
    /// The run is refused or rolled back.
    Refuse,
    /// It is said.
    Warn,
}

/// A worker.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// What it is run by.
    pub kind: WorkerKind,
    /// supervisor: the program or group, such as `shop-worker:*`.
    pub name: Option<String>,
    /// supervisor: supervisord's configuration on the target, where `supervisorctl` does not find it by itself.
    pub config: Option<String>,
    /// How long it may take to finish its job.
    #[serde(default, deserialize_with = "written")]
    pub grace: Option<String>,
    /// command: stops it.
    pub stop: Option<String>,
    /// command: starts it.
    pub start: Option<String>,
    /// command: exits 0 exactly when it runs.
    pub check: Option<String>,
}

/// What a worker is run by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkerKind {
    /// supervisorctl.
    Supervisor,
    /// `artisan queue:work` processes that something else starts again.
    Queue,
    /// Your own commands.
    Command,
}

/// A database.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A connection of the app, or `auto` for its default one.
    pub connection: Option<String>,
    /// `auto`, `mysql`, `postgres`, `sqlite`, `none`, or `{command: {backup, restore}}`.
    pub engine: Option<Engine>,
    /// `auto`, `shadow` or `dump`.
    pub protect: Option<Protect>,
    /// An administrator's account, in a file on the target: for mysql a client option file, makes the fence exclusive; for
    /// postgres a service file of libpq with the service `backstay`.
    pub admin: Option<String>,
    /// preset custom, mysql and postgres: such a file with the app's own account and the server's address.
    pub credentials: Option<String>,
    /// preset custom: the schema (mysql), the database (postgres), or the file relative to `path` (sqlite).
    pub database: Option<String>,
    /// mysql: how hard the server is worked while the site is up.
    pub copy: Option<CopyLoad>,
    /// Copies of committed runs to keep.
    pub keep_copies: Option<u32>,
    /// How long the failed state is kept.
    #[serde(default, deserialize_with = "written")]
    pub keep_failed: Option<String>,
    /// Whether every run that seals a copy (a deploy that migrates, a rollback, a restore) leaves an archive of it; false unless said.
    pub archive: Option<bool>,
}

/// How hard the server is worked while the copy is made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyLoad {
    /// Sessions at a time; the target's processors, at most 4, unless said.
    pub sessions: Option<u32>,
    /// How many times as long as a piece of the copy took its session rests after it, such as 0.5; 0 unless said.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "Option<f64>")]
    pub pause: Option<String>,
}

/// A database engine.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected auto, mysql, postgres, sqlite, none, or {command: {backup: …, restore: …}}")]
pub enum Engine {
    /// By name.
    Named(EngineName),
    /// Your own commands.
    Command(EngineCommand),
}

/// Engines by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// What the app's connection says.
    Auto,
    /// MySQL or MariaDB.
    Mysql,
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
    /// Not protected.
    None,
}

/// The app's own backup and restore.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineCommand {
    /// The two commands.
    pub command: BackupRestore,
}

/// The app's own backup and restore.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupRestore {
    /// Makes a backup.
    pub backup: String,
    /// Brings it back.
    pub restore: String,
}

/// auto, shadow or dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protect {
    /// The best that the server allows.
    Auto,
    /// Shadow and swap, or refuse.
    Shadow,
    /// A dump in maintenance, which plain rights suffice for.
    Dump,
}

/// The migration.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// Runs in the new release.
    pub command: Option<String>,
    /// When it is ended, or `none`.
    #[serde(default, deserialize_with = "written")]
    pub timeout: Option<String>,
}

/// Checks before the commit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// Commands on the target before the checks.
    pub before: Option<Vec<String>>,
    /// The checks: each has exactly one of http, revision, tls, command.
    pub checks: Option<Vec<Check>>,
}

/// One check.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// A path on the site's url, or a whole address.
    pub http: Option<String>,
    /// The served revision: `{ http: /version, json: revision }`.
    pub revision: Option<Revision>,
    /// The certificate: `{ days: 14 }`.
    pub tls: Option<Tls>,
    /// A command on the target; exit 0 passes.
    pub command: Option<String>,
    /// http: the status, or a list of statuses; 200 unless said.
    pub status: Option<OneOrMany>,
    /// http: values by path in the JSON body.
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub json: Option<Mapping>,
    /// http: headers of the answer.
    pub headers: Option<BTreeMap<String, String>>,
    /// http: a text that the body holds.
    pub body: Option<String>,
    /// http: redirects to follow; 0 unless said.
    pub redirects: Option<u32>,
    /// The longest that one try may take; 10s unless said.
    #[serde(default, deserialize_with = "written")]
    pub within: Option<String>,
    /// Tries before it has failed; 1 unless said.
    pub attempts: Option<u32>,
    /// The pause between tries; 2s unless said.
    #[serde(default, deserialize_with = "written")]
    pub every: Option<String>,
    /// Whether a failure rolls back; true unless said.
    pub required: Option<bool>,
}

/// One status or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a status such as 200, or a list of them")]
pub enum OneOrMany {
    /// One.
    One(u16),
    /// Several.
    Many(Vec<u16>),
}

/// Where the served revision is told.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// A path on the site's url.
    pub http: String,
    /// The path in its JSON body; without it the whole body counts.
    pub json: Option<String>,
}

/// The certificate.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Days that it must still be valid for.
    pub days: u32,
}

/// A hook's command: a text, or `{do, undo, name, timeout}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a command, or {do: …, undo: …, name: …, timeout: …}")]
pub enum Hook {
    /// The command alone.
    Command(String),
    /// With what takes it back.
    Full(FullHook),
}

/// A hook's command with its undo.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullHook {
    /// The command.
    #[serde(rename = "do")]
    pub action: String,
    /// What takes it back.
    pub undo: Option<String>,
    /// For people.
    pub name: Option<String>,
    /// When it is ended, or `none`; its undo the same.
    #[serde(default, deserialize_with = "written")]
    pub timeout: Option<String>,
}

/// Who is told.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Which ends: rolled-back and stuck unless said.
    pub on: Option<Vec<NotifyOn>>,
    /// Runs on the target with BACKSTAY_OUTCOME and BACKSTAY_REASON set; the reason of a drill begins with `drill`.
    pub command: Option<String>,
}

/// An end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotifyOn {
    /// It committed.
    Committed,
    /// It rolled back.
    RolledBack,
    /// It is stuck.
    Stuck,
}

/// How long it may take until everything is given back: a drill that takes longer fails.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objectives {
    /// From the decision to undo until users have the site again; `2m`, or `none`.
    pub rollback: Option<String>,
    /// How long users see maintenance, all in all; `5m`, or `none`.
    pub downtime: Option<String>,
}

/// How many archives of each database are kept: the newest, and the newest of each day, week and month (UTC).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// So many of the newest.
    pub last: Option<u32>,
    /// Of so many days, each the newest.
    pub daily: Option<u32>,
    /// Of so many weeks.
    pub weekly: Option<u32>,
    /// Of so many months.
    pub monthly: Option<u32>,
}

/// The lease and the guard.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// How long the target goes on without a sign of life from the runner; at least 15s.
    #[serde(default, deserialize_with = "written")]
    pub lease: Option<String>,
    /// A lost runner while a step runs: `rollback`, or `wait` for the verdict.
    pub lost: Option<Lost>,
    /// What restarts a dead executor: `auto`, `cron`, `systemd` or `none`.
    pub guard: Option<Guard>,
}

/// rollback or wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lost {
    /// The step is ended and everything undone.
    Rollback,
    /// The step may end; the verdict decides.
    Wait,
}

/// auto, cron, systemd or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// The best that is there.
    Auto,
    /// A crontab line.
    Cron,
    /// A timer of the user's own systemd.
    Systemd,
    /// Nothing.
    None,
}

/// Where the app can go. `${NAME}` and `${NAME:-default}` take the runner's environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Whether drills may run; false unless said.
    pub drills: Option<bool>,
    /// Whether confirmations are stricter; true unless said.
    pub production: Option<bool>,
    /// `ssh` or `local`.
    pub transport: Option<TransportName>,
    /// `[user@]host`.
    pub host: Option<String>,
    /// The ssh port, or a variable that holds it; 22 unless said.
    pub port: Option<Port>,
    /// `[user@]host[:port]` of a jump host.
    pub jump: Option<String>,
    /// The private key; without it, what the agent has.
    pub identity_file: Option<String>,
    /// A file, or the lines themselves; checked strictly, always.
    pub known_hosts: Option<String>,
    /// The absolute path of the app on the target.
    pub path: Option<String>,
    /// The address that users have.
    pub url: Option<String>,
    /// How proofs reach the site.
    pub http: Option<Http>,
    /// Any key above, for this environment alone.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    #[serde(rename = "override")]
    pub overriding: Option<Value>,
}

/// A port: a number, or a text with a variable in it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a port such as 22, or \"${NAME}\"")]
pub enum Port {
    /// As it is.
    Number(u64),
    /// `"${SSH_PORT}"`.
    Text(String),
}

/// ssh or local.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransportName {
    /// Over ssh.
    Ssh,
    /// This machine.
    Local,
}

/// How proofs reach the site.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where smoke's requests are made: `runner` or `target`. Proofs of maintenance are always made by the target.
    pub from: Option<HttpFrom>,
    /// The address that the target connects to instead of what DNS says.
    pub resolve: Option<String>,
    /// Sent with every request.
    pub headers: Option<BTreeMap<String, String>>,
}

/// runner or target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpFrom {
    /// The machine that runs Backstay.
    Runner,
    /// The target.
    Target,
}
