//! One run on a folder of its own, from before it begins to after its end.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use backstay::{
    config::Secret,
    journal::{Direction, Entry, Fact},
    model::{Phase, RunId, Span},
    plan::{About, After, Condition, Finish, Generation, Notify, Plan, PlanFile, Script, Settings, Step, Undo},
};
use tempfile::TempDir;

use super::Shell;

/// Where a test says so, a script ends the executor first.
const HEAD: &str = r#"set -eu
here="$1 $BACKSTAY_STEP"
echo "$here" >>"$HOME/trace"
if [ -f "$HOME/kill-in" ] && [ "$(cat "$HOME/kill-in")" = "$here" ]; then
	rm "$HOME/kill-in"
	kill -s KILL "$PPID"
fi
"#;

const DO: &str = r#"set -- do; . "$BACKSTAY_DIR/lib/head"
: >"$HOME/live/$BACKSTAY_STEP"
[ ! -f "$BACKSTAY_STEP_DIR/more" ] || . "$BACKSTAY_STEP_DIR/more"
"#;

const UNDO: &str = r#"set -- undo; . "$BACKSTAY_DIR/lib/head"
[ ! -e "$HOME/undo-fails" ] || { echo "no way back"; exit 1; }
rm -f "$HOME/live/$BACKSTAY_STEP"
[ ! -f "$BACKSTAY_STEP_DIR/more-undo" ] || . "$BACKSTAY_STEP_DIR/more-undo"
"#;

const OPEN: &str = r#"set -- finish; . "$BACKSTAY_DIR/lib/head"
rm -f "$HOME/live/close"
echo "$BACKSTAY_DIRECTION" >"$HOME/open"
echo 'maintenance off' >>"$BACKSTAY_FACTS"
[ ! -e "$HOME/finish-fails" ] || exit 1
"#;

const TELL: &str = r#"echo "$BACKSTAY_OUTCOME $BACKSTAY_REASON" >>"$HOME/told""#;

/// The variable that names a fault for every executor: what is replaced, by what.
pub const FAULT: &str = "EXECUTOR_FAULT";

/// A run, and the place that it is on.
pub struct Ground {
    pub shell: Shell,
    pub path: PathBuf,
    pub home: PathBuf,
    pub plan: Plan,
    dir: TempDir,
}

impl Ground {
    /// A plan of three steps (`close`, `data`, `code`) and `open`. The verdict is there from the start.
    pub fn new(shell: Shell) -> Self {
        let dir = tempfile::Builder::new().prefix("bs-exec-").tempdir().expect("a folder");
        let (path, home) = (dir.path().join("an app's"), dir.path().join("home"));
        for folder in [&path, &home, &home.join("live")] {
            fs::create_dir(folder).expect("a folder");
        }
        shell.install(&dir.path().join("bin"));
        let run = RunId::try_from("20260101T000000Z-abc".to_owned()).expect("an id");
        Self { shell, path, home, plan: plan(run), dir }
    }

    /// A step does this as well.
    #[must_use]
    pub fn step(mut self, name: &str, more: &str) -> Self {
        let files = &mut self.find(name).files;
        match files.iter_mut().find(|file| file.path == "more") {
            Some(file) => file.bytes.extend(more.bytes()),
            None => files.push(PlanFile::text("more", more)),
        }
        self
    }

    /// Its undo does this as well.
    #[must_use]
    pub fn undo(mut self, name: &str, more: &str) -> Self {
        self.find(name).files.push(PlanFile::text("more-undo", more));
        self
    }

    pub fn find(&mut self, name: &str) -> &mut Step {
        self.plan.steps.iter_mut().find(|step| step.name == name).expect("a step of the plan")
    }

    pub fn run(&self) -> String {
        self.plan.run.to_string()
    }

    pub fn root(&self) -> PathBuf {
        self.path.join(".backstay")
    }

    pub fn dir(&self) -> PathBuf {
        self.root().join("runs").join(self.run())
    }

    pub fn path_variable(&self) -> String {
        let bin = self.dir.path().join("bin");
        match self.shell {
            Shell::Dash | Shell::Bash => format!("{}:/usr/bin:/bin", bin.display()),
            Shell::Busybox => bin.display().to_string(),
        }
    }

    /// What stands in the home's file.
    pub fn says(&self, name: &str) -> String {
        fs::read_to_string(self.home.join(name)).unwrap_or_default()
    }

    /// Tells the scripts, the crontab or the sync of this place what to do.
    pub fn tell(&self, name: &str, text: &str) {
        fs::write(self.home.join(name), text).expect("a file");
    }

    pub fn untell(&self, name: &str) {
        fs::remove_file(self.home.join(name)).expect("it was there");
    }

    /// Puts the plan where the link puts it.
    pub fn arrive(&self) -> PathBuf {
        let incoming = self.root().join("incoming").join(self.run());
        fs::create_dir_all(&incoming).expect("a folder");
        let bundle = self.plan.bundle().expect("a bundle");
        tar::Archive::new(Cursor::new(&bundle.tar)).unpack(&incoming).expect("our own tar");
        let tar = std::env::var(FAULT).map_or(bundle.tar, |fault| with_fault(&incoming, &fault));
        fs::write(incoming.join("bundle.tar"), tar).expect("a file");
        let variables = [
            ("PATH", self.path_variable()),
            ("HOME", self.home.display().to_string()),
            ("USER", "tester".to_owned()),
            ("SHELL", "/bin/sh".to_owned()),
            ("LANG", String::new()),
        ];
        let text: String =
            variables.iter().map(|(name, value)| format!("{name}='{}'\n", value.replace('\'', r"'\''"))).collect();
        fs::write(incoming.join("environment"), text).expect("a file");
        incoming
    }

    /// The verdict, as the link would write it.
    pub fn commit(&self, folder: &Path) {
        fs::write(folder.join("verdict"), format!("commit {}\n", self.run())).expect("a file");
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", self.path_variable()).env("HOME", &self.home).env("USER", "tester");
        command.env("SHELL", "/bin/sh").stdin(Stdio::null());
        let said = fs::File::options().append(true).create(true).open(self.home.join("said")).expect("a file");
        command.stdout(said.try_clone().expect("a file")).stderr(said);
        command
    }

    pub fn sh(&self) -> String {
        self.dir.path().join("bin/sh").display().to_string()
    }

    pub fn executor(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = self.command(&self.sh());
        command.arg(folder.join("executor")).args(args);
        command
    }

    /// The executor from its start to its end; none when it was killed.
    pub fn go(&self, folder: &Path, args: &[&str]) -> Option<i32> {
        await_exit(self.executor(folder, args).spawn().expect("it starts")).code()
    }

    /// A run with a verdict that is there already.
    pub fn deploy(&self) -> Option<i32> {
        let incoming = self.arrive();
        self.commit(&incoming);
        self.go(&incoming, &["run"])
    }

    pub fn recover(&self) -> Option<i32> {
        self.go(&self.dir(), &["recover"])
    }

    /// The same where a file of the machine says something else.
    pub fn recover_where(&self, file: &str, text: &str) {
        self.tell("mounted", text);
        let mut command = self.command("/usr/bin/unshare");
        let mounted = "/bin/mount --bind \"$HOME/mounted\" \"$1\" && shift && exec \"$@\"";
        command.args(["-m", "/usr/bin/dash", "-c", mounted, "sh", file]).arg(self.sh());
        command.arg(self.dir().join("executor")).arg("recover");
        let _ = command.status().expect("it runs");
    }

    /// A run that is killed in a script: `do data`, `undo code`, `finish open`.
    pub fn die_in(&self, script: &str) {
        self.tell("kill-in", script);
        assert_eq!(self.deploy(), None, "{}: it dies in {script}", self.shell);
    }

    pub fn journal_bytes(&self) -> Vec<u8> {
        fs::read(self.dir().join("journal")).unwrap_or_default()
    }

    /// The facts of the journal's whole lines.
    pub fn facts(&self) -> Vec<Fact> {
        facts(&self.journal_bytes())
    }

    /// The last record, as `committed`, `rolled-back`, `stuck` or none.
    pub fn end(&self) -> &'static str {
        let last = self.facts().pop();
        if let Some(Fact::Ended { direction }) = last {
            return match direction {
                Direction::Committed => "committed",
                Direction::RolledBack => "rolled-back",
            };
        }
        if matches!(last, Some(Fact::Stuck { .. })) { "stuck" } else { "none" }
    }

    /// Why it was undone: kind and text.
    pub fn abort(&self) -> (String, String) {
        let abort = self
            .facts()
            .into_iter()
            .find_map(|fact| if let Fact::Abort { kind, text, .. } = fact { Some((kind, text)) } else { None });
        abort.unwrap_or_default()
    }

    /// What the plan's steps left on the place.
    pub fn live(&self) -> Vec<String> {
        let found = fs::read_dir(self.home.join("live")).expect("a folder");
        let mut names: Vec<String> =
            found.map(|entry| entry.expect("readable").file_name().into_string().expect("ours")).collect();
        names.sort();
        names
    }
}

/// The facts of whole lines.
pub fn facts(journal: &[u8]) -> Vec<Fact> {
    let whole = journal.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    whole
        .filter_map(|line| Entry::parse(std::str::from_utf8(line).expect("UTF-8").trim_end_matches('\n')).ok())
        .map(|entry| entry.fact)
        .collect()
}

/// Ends every process that has its home there or below, as a reboot does.
pub fn end_all_below(folder: &Path) {
    let home = format!("HOME={}", folder.display());
    let is_ours = |path: &Path| {
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| String::from_utf8_lossy(variable).starts_with(&home))
    };
    eventually("nothing runs there", || {
        let entries = fs::read_dir("/proc").expect("mounted").flatten().map(|entry| entry.path());
        let running: Vec<PathBuf> = entries.filter(|path| is_ours(path)).collect();
        for process in &running {
            let pid = process.file_name().expect("a number");
            let _ = Command::new("kill").arg("-KILL").arg(pid).stderr(Stdio::null()).status();
        }
        running.is_empty()
    });
}

/// A child's end; it is given a minute.
pub fn await_exit(mut child: Child) -> ExitStatus {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(status) = child.try_wait().expect("our child") {
            return status;
        }
        if Instant::now() > until {
            let _ = child.kill();
            panic!("it did not end within a minute");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for something that has to come.
#[track_caller]
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Puts a fault into the executor, and makes the plan one that was meant so.
fn with_fault(incoming: &Path, fault: &str) -> Vec<u8> {
    let (from, to) = fault.split_once('\u{1f}').expect("what is replaced by what");
    let script = "f=$1/executor; old=$(sha256sum <\"$f\"); cat >\"$f\"; new=$(sha256sum <\"$f\")
        sed -i \"s/${old%% *}/${new%% *}/\" \"$1/hashes\"; cd \"$1\" && tar -cf - .";
    let executor = fs::read_to_string(incoming.join("executor")).expect("there").replace(from, to);
    let mut child = Command::new("sh")
        .args(["-euc", script, "sh"])
        .arg(incoming)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh");
    child.stdin.take().expect("piped").write_all(executor.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    output.stdout
}

fn plan(run: RunId) -> Plan {
    let step = |name: &str, undo: Undo| Step {
        name: name.to_owned(),
        phase: Phase::Prepare,
        action: Script(DO),
        undo,
        params: Vec::new(),
        files: Vec::new(),
        only_if: Condition::Always,
        timeout: None,
    };
    let mut close = step("close", Undo::Finish("open"));
    close.files.push(PlanFile::text("more", "echo 'maintenance on' >>\"$BACKSTAY_FACTS\"\n"));
    Plan {
        run,
        about: About::default(),
        symlink: false,
        release_dir: None,
        params: Vec::new(),
        secrets: vec![("env".to_owned(), Secret::new("export TOKEN=s3cret\n".to_owned()))],
        lib: vec![PlanFile::text("head", HEAD)],
        steps: vec![close, step("data", Undo::Script(Script(UNDO))), step("code", Undo::Script(Script(UNDO)))],
        finish: vec![Finish {
            name: "open".to_owned(),
            phase: Phase::Prepare,
            action: Script(OPEN),
            after: After::Either,
            only_if_begun: None,
            required: true,
            params: Vec::new(),
            files: Vec::new(),
            timeout: None,
        }],
        databases: Vec::new(),
        notify: Some(Notify {
            action: Script(TELL),
            command: String::new(),
            on: vec!["committed", "rolled-back", "stuck"],
        }),
        settings: Settings { lease: Span::from_secs(60), max: None, guard: "auto", lost: "rollback" },
        generation: Generation::default(),
        key: None,
        warnings: Vec::new(),
    }
}
