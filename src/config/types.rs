//! A valid configuration for one environment: everything resolved, nothing left to look up.
//!
//! Every other room takes these types; how text becomes them is the business of this room's other files.

use std::path::PathBuf;

use serde::Serialize;

use crate::model::Span;

/// `backstay.yml` as it holds for the chosen environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// The app's name; appears in reports.
    pub app: String,
    /// Which framework's scripts are used.
    pub preset: Preset,
    /// The PHP to use on the target (laravel).
    pub php: String,
    /// How code reaches the target.
    pub release: Release,
    /// When and how users see maintenance.
    pub maintenance: Maintenance,
    /// What works in the background and must stop.
    pub workers: Vec<Worker>,
    /// Databases in the order of the file.
    pub databases: Vec<Database>,
    /// The migration.
    pub migrate: Migrate,
    /// Checks before the commit.
    pub smoke: Smoke,
    /// Commands around steps, in the order of the file.
    pub hooks: Vec<HookPoint>,
    /// Who is told.
    pub notify: Notify,
    /// How many archives are kept; none: all.
    pub retention: Option<Retention>,
    /// What a drill is measured by.
    pub objectives: Objectives,
    /// The lease, the guard.
    pub runner: Runner,
    /// Handed to steps and hooks. The values are secrets: never printed.
    pub env: Vec<(String, Secret)>,
    /// Where it goes.
    pub environment: Environment,
}

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that hands it on.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("‹secret›")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("‹secret›")
    }
}

/// The frameworks that have scripts of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Laravel 8 and later, through artisan.
    Laravel,
    /// Nothing is assumed: commands for everything.
    Custom,
}

/// How code reaches the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// symlink or none.
    pub strategy: Strategy,
    /// Committed releases to keep.
    pub keep: u32,
    /// Paths linked from `shared/` into every release.
    pub shared: Vec<String>,
    /// Paths of the artifact that are left out.
    pub exclude: Vec<String>,
    /// Permission bits of the release's directories; files get the same without execute, unless they had it.
    #[serde(serialize_with = "as_octal")]
    pub mode: u32,
    /// Commands after every switch, in either direction.
    pub reload: Vec<String>,
}

/// How code reaches the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// An artifact is unpacked beside the live release, `current` is moved.
    Symlink,
    /// The code is already there.
    None,
}

/// When and how users see maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Maintenance {
    /// pending, always or never.
    pub when: When,
    /// The `Retry-After` that users are sent.
    pub retry_after: Span,
    /// How long requests that already run may take to finish before the copy is sealed.
    pub drain: Span,
    /// The longest maintenance before the run is rolled back; none: no limit.
    pub max: Option<Span>,
    /// What to do when something still writes.
    pub on_leak: OnLeak,
    /// Preset custom: how maintenance goes on, off, and how it is proven on. Laravel has its own.
    pub commands: Option<MaintenanceCommands>,
}

/// Maintenance of an app without a preset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaintenanceCommands {
    /// Puts it on.
    pub on: String,
    /// Takes it off.
    pub off: String,
    /// Exits 0 exactly when it is on; without it, 503 at the site's address is the proof.
    pub check: Option<String>,
}

/// When users see maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Only when migrations are pending.
    Pending,
    /// In every deploy.
    Always,
    /// Never: code rolls back, migrated data stays.
    Never,
}

/// What a leak means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnLeak {
    /// The run is refused, or rolled back.
    Refuse,
    /// It is said.
    Warn,
}

/// A worker that must not run while data is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worker {
    /// What it is run by.
    pub kind: WorkerKind,
    /// How long it may take to finish its job.
    pub grace: Span,
}

/// What a worker is run by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum WorkerKind {
    /// `supervisorctl stop NAME`.
    Supervisor {
        /// Program or group, such as `shop-worker:*`.
        name: String,
        /// supervisord's configuration on the target; none: where `supervisorctl` looks by itself.
        config: Option<String>,
    },
    /// `artisan queue:work` processes that something else starts again.
    Queue,
    /// Commands of the user.
    Command {
        /// Stops it.
        stop: String,
        /// Starts it.
        start: String,
        /// Exits 0 exactly when it runs.
        check: Option<String>,
    },
}

/// A database to protect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Its key in the file.
    pub name: String,
    /// The app's connection; none: its default one.
    pub connection: Option<String>,
    /// Which engine.
    pub engine: Engine,
    /// How it is protected.
    pub protect: Protect,
    /// An administrator's account, in a file on the target (`~/` is the deploy user's home): a client option file (mysql), a
    /// service file of libpq with the service `backstay` (postgres).
    pub admin: Option<String>,
    /// Preset custom, mysql and postgres: such a file with the app's own account and the server's address.
    pub credentials: Option<String>,
    /// Preset custom: the schema's name (mysql), the database's (postgres), or the file (sqlite; relative to `path`).
    pub database: Option<String>,
    /// How hard the server is worked while the copy is made.
    pub copy: CopyLoad,
    /// Copies of committed runs to keep.
    pub keep_copies: u32,
    /// How long the failed state is kept for the post-mortem.
    pub keep_failed: Span,
    /// Whether every run that seals a copy leaves an archive of it.
    pub archive: bool,
}

/// How hard the server is worked while the copy is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopyLoad {
    /// Sessions at a time; none: the target's processors, at most 4.
    pub sessions: Option<u32>,
    /// How many times as long as a piece took its session rests after it: a number such as `0` or `1.5`.
    pub pause: String,
}

impl Default for CopyLoad {
    fn default() -> Self {
        Self { sessions: None, pause: "0".to_owned() }
    }
}

/// A database engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// What the app's connection says.
    Auto,
    /// MySQL or MariaDB.
    Mysql,
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
    /// The app's own commands.
    Command {
        /// Makes a backup; runs in maintenance, in the old release.
        backup: String,
        /// Brings it back.
        restore: String,
    },
    /// Not protected.
    None,
}

/// How a database is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migrate {
    /// Runs in the new release; none: there is no migration.
    pub command: Option<String>,
    /// When it is ended; none: never.
    pub timeout: Option<Span>,
}

/// Checks before the commit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Smoke {
    /// Commands on the target before the checks.
    pub before: Vec<String>,
    /// The checks.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What is checked.
    pub kind: CheckKind,
    /// A failure of a required check rolls back; of another it is a warning.
    pub required: bool,
    /// How often it is tried before it has failed; at least 1.
    pub attempts: u32,
    /// The pause between tries.
    pub every: Span,
    /// The longest that one try may take.
    pub within: Span,
}

/// What is checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckKind {
    /// A request and what must come back.
    Http(HttpCheck),
    /// The site says that it serves the deployed revision.
    Revision(RevisionCheck),
    /// The certificate is valid for some time yet.
    Tls {
        /// Days that it must still be valid for.
        days: u32,
    },
    /// A command on the target, in the live release; exit 0 passes.
    Command {
        /// The command.
        command: String,
    },
}

/// A request and what must come back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpCheck {
    /// A path on `environment.url`, or a whole address.
    pub http: String,
    /// Accepted statuses.
    pub status: Vec<u16>,
    /// Values by path (`checks.database`) in the JSON body.
    pub json: Vec<(String, serde_json::Value)>,
    /// Headers that must be there with these values (compared without regard to case of the name).
    pub headers: Vec<(String, String)>,
    /// A text that the body holds.
    pub body: Option<String>,
    /// Redirects to follow; 0: a redirect is an answer like any other.
    pub redirects: u32,
}

/// Where the served revision is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevisionCheck {
    /// A path on `environment.url`.
    pub http: String,
    /// The path in its JSON body; none: the whole body, trimmed.
    pub json: Option<String>,
}

/// Commands before or after a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookPoint {
    /// Before or after.
    pub when: HookWhen,
    /// The commands, in order.
    pub hooks: Vec<Hook>,
}

/// Before or after what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookWhen {
    /// Before a step of the plan.
    Before(String),
    /// After a step of the plan.
    After(String),
    /// After the commit; can only warn.
    AfterCommit,
    /// After a rollback; can only warn.
    AfterRollback,
}

/// One command of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// For people; none: the command itself.
    pub name: Option<String>,
    /// The command.
    pub command: String,
    /// What takes it back.
    pub undo: Option<String>,
    /// When it is ended, and when its undo is; none: never.
    pub timeout: Option<Span>,
}

/// Who is told, by the executor, on the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notify {
    /// Which ends are told.
    pub on: Vec<NotifyOn>,
    /// The command; none: nobody.
    pub command: Option<String>,
}

/// An end that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotifyOn {
    /// It committed.
    Committed,
    /// It rolled back.
    RolledBack,
    /// It is stuck.
    Stuck,
}

/// How long it may take until everything is given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Objectives {
    /// From the decision to undo until users have the site again.
    pub rollback: Option<Span>,
    /// How long users see maintenance.
    pub downtime: Option<Span>,
}

/// How many archives of each database are kept; days, weeks and months are those of UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// So many of the newest.
    pub last: u32,
    /// Of so many days, each the newest.
    pub daily: u32,
    /// Of so many weeks, each the newest.
    pub weekly: u32,
    /// Of so many months, each the newest.
    pub monthly: u32,
}

/// The lease and the guard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Runner {
    /// How long the target goes on without a sign of life from the runner.
    pub lease: Span,
    /// What a lost runner means while a step runs.
    pub lost: Lost,
    /// What restarts a dead executor.
    pub guard: Guard,
}

/// What a lost runner means while a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lost {
    /// The step is ended and everything undone.
    Rollback,
    /// The step may end; the verdict decides.
    Wait,
}

/// What restarts a dead executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Whether drills may run.
    pub drills: bool,
    /// Whether confirmations are stricter.
    pub production: bool,
    /// How it is reached.
    pub transport: Transport,
    /// The absolute path of the app on the target.
    pub path: String,
    /// The address that users have; none: nothing is proven over HTTP.
    pub url: Option<String>,
    /// How proofs reach the site.
    pub http: HttpReach,
}

/// How a target is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Over ssh.
    Ssh(Ssh),
    /// This machine, this user.
    Local,
}

/// An ssh destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ssh {
    /// The user; none: the local user's name.
    pub user: Option<String>,
    /// Name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// `[user@]host[:port]` of a jump host.
    pub jump: Option<String>,
    /// The private key; none: what the agent has.
    pub identity_file: Option<PathBuf>,
    /// The host keys that are trusted.
    pub known_hosts: KnownHosts,
}

/// The host keys that are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownHosts {
    /// A file on the runner.
    File(PathBuf),
    /// The lines themselves.
    Text(String),
}

/// How proofs reach the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpReach {
    /// Where smoke's requests are made. Proofs of maintenance are always made by the target.
    pub from: HttpFrom,
    /// The address to connect to instead of what DNS says, on the target (behind NAT, a CDN).
    pub resolve: Option<String>,
    /// Sent with every request (basic auth, say). The values are secrets.
    pub headers: Vec<(String, Secret)>,
}

/// Where smoke's requests are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpFrom {
    /// From the machine that runs Backstay.
    Runner,
    /// From the target.
    Target,
}

/// As `chmod` has it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn as_octal<S: serde::Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{mode:04o}"))
}
