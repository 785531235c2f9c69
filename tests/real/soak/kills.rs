//! Who is killed, and how one is found.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use super::target::Target;
use crate::support::{Running, processes};

/// A kind of process, or a session on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    /// The command that somebody waits for.
    Runner,
    /// Its ssh.
    Link,
    /// The sshd that serves it.
    Session,
    Executor,
    /// The script of the running step.
    Script,
    /// Anything else that works on the site: PHP, a client of the database, a `sleep`.
    Descendant,
    /// A session of the app's account.
    Connection,
    /// One of php-fpm's.
    Worker,
    /// The database server.
    Server,
}

impl Victim {
    /// As often as they are chosen.
    pub const OFTEN: [Self; 24] = [
        Self::Runner,
        Self::Runner,
        Self::Link,
        Self::Link,
        Self::Session,
        Self::Session,
        Self::Executor,
        Self::Executor,
        Self::Executor,
        Self::Executor,
        Self::Executor,
        Self::Script,
        Self::Script,
        Self::Script,
        Self::Descendant,
        Self::Descendant,
        Self::Descendant,
        Self::Descendant,
        Self::Connection,
        Self::Connection,
        Self::Connection,
        Self::Worker,
        Self::Worker,
        Self::Server,
    ];
    /// Who is killed instead of one that is not there.
    const OTHERWISE: [Self; 5] = [Self::Executor, Self::Descendant, Self::Script, Self::Runner, Self::Connection];

    /// Whether an undo may fail by it, so that the run is stuck: what an undo has called is gone. An undo that is killed itself is run again.
    pub const fn may_fail_an_undo(self) -> bool {
        matches!(self, Self::Descendant | Self::Connection)
    }
}

impl Target<'_> {
    /// Kills one of them, or another where there is none; who it was.
    pub fn kill(&self, victim: Victim, which: u64, command: Option<&Running>) -> Option<Victim> {
        if victim == Victim::Server {
            self.soak.crash_server(Duration::from_millis(which % 2500));
            return Some(victim);
        }
        let mut order = Victim::OTHERWISE;
        order.rotate_left(usize::try_from(which % 5).expect("small"));
        [victim].into_iter().chain(order).chain([Victim::Worker]).find(|victim| self.kill_one(*victim, which, command))
    }

    fn kill_one(&self, victim: Victim, which: u64, command: Option<&Running>) -> bool {
        if victim == Victim::Connection {
            return self.site.schema().end_session();
        }
        let found = self.find(victim, command);
        let Some(chosen) = usize::try_from(which % found.len().max(1) as u64).ok().and_then(|at| found.get(at)) else {
            return false;
        };
        end(chosen)
    }

    fn find(&self, victim: Victim, command: Option<&Running>) -> Vec<String> {
        match victim {
            Victim::Runner => command.map(|command| command.id().to_string()).into_iter().collect(),
            Victim::Link => self.links(),
            Victim::Session => {
                let mut found: Vec<String> = self.workers_of_site().iter().filter_map(|pid| sshd_above(pid)).collect();
                found.dedup();
                found
            }
            Victim::Executor => self.site.executors(),
            Victim::Script => {
                let recorded = self.site.path.join(".backstay/runs").join(self.newest_run()).join("step.pid");
                let recorded = fs::read_to_string(recorded).unwrap_or_default();
                let pid = recorded.split(' ').next().unwrap_or_default();
                self.workers_of_site().into_iter().filter(|found| found == pid).collect()
            }
            Victim::Descendant => {
                let executors = self.site.executors();
                self.workers_of_site().into_iter().filter(|pid| !executors.contains(pid)).collect()
            }
            Victim::Worker => {
                let folder = self.site.marks.display().to_string();
                let all = processes();
                let is_master = |pid: &str| all.iter().any(|(other, words)| other == pid && words[0].contains(&folder));
                let is_worker = |words: &[String]| words[0].starts_with("php-fpm: pool");
                let workers = all.iter().filter(|(pid, words)| is_worker(words) && is_master(&status_of(pid, "PPid")));
                workers.map(|(pid, _)| pid.clone()).collect()
            }
            // these are no processes of ours
            Victim::Connection | Victim::Server => vec![],
        }
    }

    /// The runner's ssh: they have its home.
    fn links(&self) -> Vec<String> {
        let home = format!("HOME={}\0", self.site.runner.display());
        let is_ours = |pid: &str| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            status_of(pid, "Name") == "ssh" && String::from_utf8_lossy(&environment).contains(&home)
        };
        processes().into_iter().map(|(pid, _)| pid).filter(|pid| is_ours(pid)).collect()
    }

    /// What works on the site, the web server's workers left out.
    fn workers_of_site(&self) -> Vec<String> {
        let all = self.site.processes().into_iter().filter(|process| !process.contains("php-fpm: pool"));
        all.filter_map(|process| process.split_once(':').map(|(pid, _)| pid.to_owned())).collect()
    }
}

/// Whether it was there.
fn end(pid: &str) -> bool {
    Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The nearest sshd that a process descends from.
fn sshd_above(pid: &str) -> Option<String> {
    let mut pid = pid.to_owned();
    while !pid.is_empty() && pid != "0" {
        if status_of(&pid, "Name").starts_with("sshd") {
            return Some(pid);
        }
        pid = status_of(&pid, "PPid");
    }
    None
}

/// A line of a process's status; nothing, where it is gone.
fn status_of(pid: &str, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(":\t"));
    value.unwrap_or_default().to_owned()
}
