//! An engine's scripts as a run has them, without an executor: killed at each of their questions to the server, and the server
//! with them.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{Site, servers::text};

/// In the place of a client: at one of its calls whoever called is killed, or is given no answer. Clients may be called at the
/// same time.
const CLIENT: &str = r#"#!/bin/sh
exec 7>>"$COUNT.lock"
flock 7
number=$(($(cat "$COUNT") + 1))
echo "$number" >"$COUNT.new" && mv "$COUNT.new" "$COUNT"
exec 7>&-
real=$REAL/${0##*/}
[ "$number" = "$KILL_AT" ] || exec "$real" "$@"
crash() { kill "$CRASH_BY" "$(head -n 1 "$SERVER_PID")"; }
case $KILL_WHEN in
unanswered) exit 1 ;;
line-*) head -n "${KILL_WHEN#line-}" | "$real" "$@" ;;
crash-*)
	head -n "${KILL_WHEN#crash-}" | "$real" "$@"
	crash
	;;
during)
	exec 3<&0
	"$real" "$@" <&3 &
	sleep 0.06
	;;
at-work)
	exec 3<&0
	"$real" "$@" <&3 &
	sleep 1
	;;
with-server)
	"$real" "$@"
	crash
	;;
esac
kill -KILL "-$(cat "$GROUP")"
"#;

/// The server that they ask.
pub struct Asked {
    /// `postgres` or `mysql`.
    pub engine: &'static str,
    /// The live database.
    pub target: String,
    /// The file with an account, as the engine's own client reads it.
    pub account: String,
    /// The folder of the clients.
    pub programs: PathBuf,
    /// Those that are counted.
    pub counted: &'static [&'static str],
    /// Those that only have to lie beside them.
    pub beside: &'static [&'static str],
    /// The first line has the process of the server.
    pub pid_file: PathBuf,
    /// The signal of a crash.
    pub crash_by: &'static str,
    /// Starts it again.
    pub start_again: Box<dyn Fn() + Send + Sync>,
}

/// A site's scripts.
pub struct Scripts {
    pub site: Site,
    pub folder: PathBuf,
    asked: Asked,
}

/// One run of them.
pub struct ScriptsRun<'a> {
    scripts: &'a Scripts,
    pub id: String,
    pub state: PathBuf,
}

impl Scripts {
    /// Those that a deploy with this configuration would have.
    pub fn of(site: Site, configuration: &str, asked: Asked) -> Self {
        site.configure(configuration);
        let folder = site.runner.join("scripts");
        site.backstay(&["plan", "--scripts", &text(&folder)]).is(0);
        fs::create_dir_all(folder.join("secrets")).expect("ours");
        fs::write(folder.join("secrets/main.cnf"), &asked.account).expect("ours");
        let clients = site.runner.join("clients");
        fs::create_dir(&clients).expect("ours");
        for name in asked.counted {
            fs::write(clients.join(name), CLIENT).expect("ours");
            Command::new("chmod").arg("755").arg(clients.join(name)).status().expect("there is chmod");
        }
        for name in asked.beside {
            std::os::unix::fs::symlink(asked.programs.join(name), clients.join(name)).expect("a link");
        }
        Self { site, folder, asked }
    }

    /// The folder of the engine's own.
    pub fn of_engine(&self) -> PathBuf {
        self.folder.join("databases/main").join(self.asked.engine)
    }

    pub fn run(&self, number: usize) -> ScriptsRun<'_> {
        let id = format!("20261125T{number:06}Z-0000000");
        let state = self.site.path.join(".backstay/runs").join(&id).join("state/db-main");
        fs::create_dir_all(&state).expect("ours");
        ScriptsRun { scripts: self, id, state }
    }
}

impl ScriptsRun<'_> {
    /// Runs a script to its end; how many questions it had.
    #[track_caller]
    pub fn script(&self, name: &str) -> usize {
        let (ended, calls) = self.start(name, 0, "never");
        assert!(ended, "{name} of {} failed: {}", self.id, self.said(name));
        calls
    }

    /// Runs a script that is killed at a question; one that is asked at the same time may be counted too.
    #[track_caller]
    pub fn killed(&self, name: &str, at: usize, when: &str) {
        let (ended, calls) = self.start(name, at, when);
        let said = self.said(name);
        assert!(!ended && calls >= at, "{name} was not killed {when} its question {at}, but had {calls}: {said}");
        if when == "with-server" || when.starts_with("crash") {
            (self.scripts.asked.start_again)();
        }
    }

    /// Runs a script that is given no answer to one question; whether it said that it did well.
    pub fn unanswered(&self, name: &str, at: usize) -> bool {
        self.start(name, at, "unanswered").0
    }

    /// Runs a script that has to fail; what it has printed.
    #[track_caller]
    pub fn fails(&self, name: &str) -> String {
        assert!(!self.start(name, 0, "never").0, "{name} of {} did not fail", self.id);
        self.said(name)
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.note(name)).unwrap_or_default()
    }

    /// A file about this run that is not on the site's disk.
    fn note(&self, name: &str) -> PathBuf {
        self.scripts.site.runner.join(format!("{}-{name}", self.id))
    }

    /// Where an archive of this run lies.
    pub fn archive(&self) -> PathBuf {
        self.scripts.site.path.join(".backstay/copies").join(&self.id).join("main")
    }

    /// What the functions of `lib/` say, the step's and the engine's being there.
    #[track_caller]
    pub fn sh(&self, line: &str) -> String {
        let mut command = Command::new("sh");
        let head = "set -eu; fact() { echo \"$*\"; }; . \"$BACKSTAY_DIR/lib/databases.sh\"; . \"$BACKSTAY_DIR/lib/archive.sh\"";
        let output = self.with_environment(command.args(["-c", &format!("{head}\n{line}")])).output().expect("sh");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn with_environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let Scripts { site, folder, asked } = self.scripts;
        command
            .envs([("BACKSTAY_RUN", self.id.as_str()), ("BACKSTAY_DIRECTION", "rolled-back"), ("BACKSTAY_DB", "main")])
            .env("BACKSTAY_DB_TARGET", &asked.target)
            .env("BACKSTAY_DIR", folder)
            .env("BACKSTAY_PATH", &site.path)
            .env("BACKSTAY_SECRETS", folder.join("secrets"))
            .env("BACKSTAY_DB_CNF", folder.join("secrets/main.cnf"))
            .env("BACKSTAY_DB_DIR", self.scripts.of_engine())
            .env("BACKSTAY_DB_STATE", &self.state)
            .env("BACKSTAY_DB_SOURCE", &asked.target)
            .env("BACKSTAY_DB_ARCHIVE", self.archive())
            .stdin(Stdio::null())
    }

    fn start(&self, name: &str, at: usize, when: &str) -> (bool, usize) {
        let (count, group) = (self.note("count"), self.note("group"));
        fs::write(&count, "0").expect("ours");
        let Scripts { site, asked, .. } = self.scripts;
        let path = format!("{}:{}", text(&site.runner.join("clients")), std::env::var("PATH").unwrap_or_default());
        let script = self.scripts.of_engine().join(name);
        let line = format!("echo $$ >'{}'; exec sh '{}'", text(&group), text(&script));
        let log = fs::File::create(self.note(name)).expect("ours");
        let mut command = Command::new("setsid");
        self.with_environment(command.args(["-w", "sh", "-c", &line]))
            .env("PATH", path)
            .envs([("COUNT", &count), ("GROUP", &group), ("SERVER_PID", &asked.pid_file), ("REAL", &asked.programs)])
            .envs([("KILL_AT", at.to_string().as_str()), ("KILL_WHEN", when), ("CRASH_BY", asked.crash_by)])
            .stdout(log.try_clone().expect("ours"))
            .stderr(log);
        let ended = command.status().expect("setsid is installed").success();
        let calls = fs::read_to_string(&count).expect("ours").trim().parse().expect("a number");
        (ended, calls)
    }
}
