//! What the probe found on the target: typed, read from its reply. All of it is untrusted.

use super::{Backup, Refusal, Summary, backups, database::Connection};
use crate::{
    journal::{Entry, RunState},
    scripts::Reply,
};

/// The target as it was when the plan was made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Whether anything was asked at all: an offline plan knows nothing.
    pub probed: bool,
    /// Reasons that the target itself gave.
    pub refusals: Vec<Refusal>,
    /// The literal target of `current`.
    pub current: Option<String>,
    /// The folder of the live version.
    pub live: Option<String>,
    /// The last run that ended there.
    pub last_run: Option<String>,
    /// Runs without an end, and stuck ones, newest first.
    pub unfinished: Vec<Known>,
    /// The newest run with the same key that committed, or the newest with it at all.
    pub same_key: Option<(Known, String)>,
    /// The newest committed runs, newest first.
    pub committed: Vec<Known>,
    /// Those of them before which a release was live that is still on the target.
    pub with_previous: Vec<String>,
    /// Copies of data that are kept: the run that sealed one, the database.
    pub copies: Vec<(String, String)>,
    /// What there is to restore from, newest first; only where that is asked for.
    pub backups: Vec<Backup>,
    /// Free space below the path.
    pub disk_free_bytes: Option<u64>,
    /// Of cron: `cron`, `stopped`, `no-crontab` or `denied`.
    pub guard: Option<String>,
    /// Of the user's own systemd, when the login ends: `stays`, `leaves`, `silent` or `none`.
    pub user_manager: Option<String>,
    /// Programs that are there, of those that were looked for.
    pub tools: Vec<String>,
    /// What the live application says of itself.
    pub app: Option<App>,
    /// Its connections, by the name of the database in the configuration.
    pub connections: Vec<(String, Connection)>,
    /// What an engine's own probe found, by the name of the database: lines for people.
    pub engines: Vec<(String, String)>,
    /// How an engine would protect it, and what that is worth, by the name of the database: lines for people.
    pub protections: Vec<(String, String)>,
    /// What is done to it in maintenance, where an engine says so, by the name of the database.
    pub in_maintenance: Vec<(String, String)>,
    /// How large the databases are, where somebody could say.
    pub sizes: Vec<Size>,
    /// What a person should know before a run begins, as the target's own scripts say it.
    pub warnings: Vec<String>,
    /// What pending migrations would do; only for a plan that a person asked for.
    pub pretended: Vec<Pretended>,
    /// Why not all of them could be asked.
    pub pretend_fault: Option<String>,
    /// The newest runs that ended in one of the two states, newest first; only for a plan as well.
    pub ended: Vec<Known>,
    /// What the site answers to `GET /`.
    pub site_status: Option<u16>,
    /// What the live version makes of the http checks.
    pub baseline: Vec<Baseline>,
}

/// An http check of the live version, before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// What was asked for, such as `/health`.
    pub path: String,
    /// Why it did not pass, if it did not.
    pub fault: Option<String>,
}

/// A run on the target that was there before.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Its id.
    pub run: String,
    /// `running`, `unsettled`, `stuck`, `committed` or `rolled-back`.
    pub state: String,
    /// Its plan, as far as it can be read.
    pub summary: Summary,
    /// Its journal, folded.
    pub journal: RunState,
}

/// What the live application says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// The framework's version.
    pub version: String,
    /// Whether it is in maintenance.
    pub down: bool,
    /// The queue's driver.
    pub queue: String,
    /// Routes that maintenance leaves open.
    pub except: Vec<String>,
    /// Migrations that ran, when the application could say.
    pub ran: Option<Vec<String>>,
    /// Why it could not.
    pub database_error: Option<String>,
}

/// How large a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Its name in the configuration.
    pub database: String,
    /// Data and indexes.
    pub bytes: u64,
    /// Tables.
    pub tables: u64,
}

/// A pending migration whose code was run against connections that carry nothing out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pretended {
    /// Its name, without `.php`.
    pub name: String,
    /// Its statements, the first ones when there are many.
    pub statements: Vec<String>,
    /// How many there are in all; none: it did not get to its end.
    pub count: Option<u64>,
    /// Why it did not.
    pub fault: Option<String>,
}

impl Facts {
    /// Reads a probe's reply.
    pub fn read(reply: &Reply) -> Self {
        let text = |name: &str| reply.get(name).map(str::to_owned);
        let mut refusals: Vec<Refusal> =
            reply.all("refuse").zip(reply.all("remedy")).map(|(reason, remedy)| Refusal::new(reason, remedy)).collect();
        if reply.get("complete").is_none() && refusals.is_empty() {
            refusals.push(Refusal::new(
                "the probe broke off on the target",
                "see that its disk and its /tmp have room, then try again with -v",
            ));
        }
        Self {
            probed: true,
            refusals,
            current: text("current"),
            live: text("live"),
            last_run: text("last"),
            unfinished: known(reply, "unfinished"),
            committed: known(reply, "committed"),
            with_previous: reply.all("previous").map(str::to_owned).collect(),
            copies: said(reply, "copy"),
            backups: backups(reply),
            same_key: same_key(reply),
            disk_free_bytes: reply
                .get("disk-free-kb")
                .and_then(|kb| kb.trim().parse::<u64>().ok())
                .map(|kb| kb.saturating_mul(1024)),
            guard: text("guard"),
            user_manager: text("user-manager"),
            tools: reply.all("tool").map(str::to_owned).collect(),
            app: app(reply),
            connections: connections(reply),
            engines: said(reply, "engine"),
            protections: said(reply, "protection"),
            in_maintenance: said(reply, "in-maintenance"),
            sizes: reply.all("size").filter_map(size).collect(),
            warnings: reply.all("warning").map(str::to_owned).collect(),
            pretended: pretended(reply),
            pretend_fault: text("pretend-failed"),
            ended: known(reply, "ended"),
            site_status: reply.get("site-status").and_then(|status| status.parse().ok()),
            baseline: Vec::new(),
        }
    }

    /// What the app said of a database's connection.
    pub fn connection(&self, database: &str) -> Option<&Connection> {
        self.connections.iter().find(|(name, _)| name == database).map(|(_, connection)| connection)
    }

    /// The paths whose checks the live version passes.
    pub fn passing(&self) -> Vec<&str> {
        self.baseline.iter().filter(|check| check.fault.is_none()).map(|check| check.path.as_str()).collect()
    }

    /// How large a database is.
    pub fn size(&self, database: &str) -> Option<&Size> {
        self.sizes.iter().find(|size| size.database == database)
    }

    /// Whether the target has that program.
    pub fn has(&self, tool: &str) -> bool {
        self.tools.iter().any(|t| t == tool)
    }
}

/// Runs that were said as `NAME`, `NAME-plan`, `NAME-journal`.
pub fn known(reply: &Reply, name: &str) -> Vec<Known> {
    let plans = reply.all(&format!("{name}-plan")).collect::<Vec<_>>();
    let journals = reply.all(&format!("{name}-journal")).collect::<Vec<_>>();
    let heads = reply.all(name).filter_map(|head| head.split_once(' '));
    heads
        .enumerate()
        .map(|(n, (run, state))| Known {
            run: run.to_owned(),
            state: state.to_owned(),
            summary: plans.get(n).and_then(|plan| serde_json::from_str(plan).ok()).unwrap_or_default(),
            journal: fold(journals.get(n).copied().unwrap_or_default()),
        })
        .collect()
}

/// A journal's text, folded; lines that are none are passed over.
pub fn fold(journal: &str) -> RunState {
    let mut state = RunState::default();
    journal.lines().filter_map(|line| Entry::parse(line).ok()).for_each(|entry| state.apply(&entry));
    state
}

fn same_key(reply: &Reply) -> Option<(Known, String)> {
    let heads = || {
        reply.all("key").filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.next()?, words.next()?))
        })
    };
    let (run, state, digest) = heads().find(|(_, state, _)| *state == "committed").or_else(|| heads().next())?;
    let journal =
        if state == "committed" { fold(reply.get("key-journal").unwrap_or_default()) } else { RunState::default() };
    let known = Known { run: run.to_owned(), state: state.to_owned(), summary: Summary::default(), journal };
    Some((known, digest.to_owned()))
}

fn app(reply: &Reply) -> Option<App> {
    Some(App {
        version: reply.get("version")?.to_owned(),
        down: reply.get("down") == Some("yes"),
        queue: reply.get("queue").unwrap_or_default().to_owned(),
        except: reply.all("except").map(str::to_owned).collect(),
        ran: reply.get("ran-known").map(|_| reply.all("ran").map(str::to_owned).collect()),
        database_error: reply.get("database-error").map(str::to_owned),
    })
}

fn connections(reply: &Reply) -> Vec<(String, Connection)> {
    let all = reply.below("db.");
    let names: Vec<String> = all.names().filter_map(|name| name.strip_suffix(".driver")).map(str::to_owned).collect();
    names
        .into_iter()
        .map(|name| {
            let of = |field: &str| all.get(&format!("{name}.{field}")).unwrap_or_default().to_owned();
            let connection = Connection { driver: of("driver"), database: of("database"), host: of("host") };
            (name, connection)
        })
        .collect()
}

/// `NAME BYTES TABLES`.
fn size(line: &str) -> Option<Size> {
    let mut words = line.split(' ');
    let (database, bytes, tables) = (words.next()?, words.next()?, words.next()?);
    Some(Size { database: database.to_owned(), bytes: bytes.parse().ok()?, tables: tables.parse().ok()? })
}

fn pretended(reply: &Reply) -> Vec<Pretended> {
    let of = |fact: &str, name: &str| -> Vec<String> {
        let lines = reply.all(fact).filter_map(|line| line.split_once('\t'));
        lines.filter(|(whose, _)| *whose == name).map(|(_, what)| what.to_owned()).collect()
    };
    let each = |name: &str| Pretended {
        name: name.to_owned(),
        statements: of("sql", name),
        count: of("pretended", name).first().and_then(|count| count.parse().ok()),
        fault: of("unpretended", name).into_iter().next(),
    };
    reply.all("migration").map(each).collect()
}

/// Lines of a name, a blank and a text.
fn said(reply: &Reply, name: &str) -> Vec<(String, String)> {
    reply.all(name).filter_map(|line| line.split_once(' ')).map(owned).collect()
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engines_probe_says_is_read_as_it_is_said() {
        let reply = b"engine\tmain shadow and swap: one rename\nengine\tmain fence exclusive\nsize\tmain 214000000 42\nsize\tmain many\n\
            warning\tdatabase main: events are off\nrefuse\tno privilege\nremedy\tGRANT ALL\\nON x\ncomplete\tyes\n";
        let facts = Facts::read(&Reply::parse(reply));
        assert_eq!(facts.engines.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["main", "main"]);
        assert_eq!(facts.sizes, [Size { database: "main".to_owned(), bytes: 214_000_000, tables: 42 }]);
        assert_eq!(facts.warnings, ["database main: events are off"]);
        assert_eq!(facts.refusals, [Refusal::new("no privilege", "GRANT ALL\nON x")]);
    }
}
