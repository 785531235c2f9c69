//! A target whose deploy is to be cut.

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use backstay::journal::{Entry, Fact};

use crate::support::{Running, Site};

/// How a run may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Committed,
    RolledBack,
    Stuck,
}

impl End {
    /// As the journal, `status` and `notify` call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled-back",
            Self::Stuck => "stuck",
        }
    }

    /// How a command exits that saw it.
    pub const fn code(self) -> i32 {
        match self {
            Self::Committed => 0,
            Self::RolledBack => 10,
            Self::Stuck => 20,
        }
    }
}

/// A hook in each phase of a deploy that migrates, and how a run ends that is left to the target there.
pub const PLACES: [(&str, End); 7] = [
    ("before-workers-stop", End::RolledBack),
    ("before-maintenance-on", End::RolledBack),
    ("before-protect", End::RolledBack),
    ("before-migrate", End::RolledBack),
    ("after-migrate", End::RolledBack),
    ("before-smoke", End::RolledBack),
    ("after-commit", End::Committed),
];

/// A site with the revision 1111111 live; 2222222 is deployed to it.
pub struct Target {
    site: Site,
    /// Its data before that deploy.
    pub before: String,
    /// Where `notify` writes each end.
    pub told: PathBuf,
    more: RefCell<String>,
    cut: Cell<Option<Instant>>,
}

impl Deref for Target {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Target {
    /// What has a first release live.
    pub fn new(site: Site) -> Self {
        let (before, told) = (site.data(), site.marks.join("told"));
        let target = Self { site, before, told, more: RefCell::default(), cut: Cell::default() };
        target.configure("");
        target
    }

    /// Top-level keys of `backstay.yml`, beside what every target has.
    pub fn configure(&self, more: &str) {
        more.clone_into(&mut self.more.borrow_mut());
        self.write_config("");
    }

    fn write_config(&self, hooks: &str) {
        let told = self.told.display();
        let notify = format!(
            "notify: {{ on: [committed, rolled-back, stuck], command: \"echo $BACKSTAY_OUTCOME >>{told}\" }}\n"
        );
        self.site.configure(&format!("{notify}{}{hooks}", self.more.borrow()));
    }

    /// Starts the deploy.
    pub fn start(&self, variants: &[&str]) -> Running {
        self.site.start_deploy(variants, "2222222", &[])
    }

    /// Starts the deploy and waits until it has come to a hook; it stays there until [`Site::go_on`].
    #[track_caller]
    pub fn deploy_until(&self, hook: &str, variants: &[&str]) -> Running {
        self.pause_at(hook);
        let run = self.start(variants);
        self.site.await_pause(hook);
        self.tells("running");
        run
    }

    /// The next deploy waits at a hook.
    pub fn pause_at(&self, hook: &str) {
        self.write_config(&self.site.pause(hook));
    }

    /// Does what goes wrong; recovery is measured from here.
    pub fn cut<T>(&self, wrong: impl FnOnce() -> T) -> T {
        self.cut.set(Some(Instant::now()));
        wrong()
    }

    /// Ends what works on the site and has these words, as a kernel does that is out of memory.
    pub fn kill(&self, words: &str) {
        let pids = self.processes().into_iter().filter(|process| process.contains(words));
        for pid in pids.filter_map(|process| process.split_once(':').map(|(pid, _)| pid.to_owned())) {
            // it may have ended meanwhile
            let _ = Command::new("kill").args(["-KILL", &pid]).stderr(Stdio::null()).status();
        }
    }

    /// Since [`Target::cut`]; it is asked for once.
    pub fn since_cut(&self) -> Option<Duration> {
        self.cut.take().map(|cut| cut.elapsed())
    }

    /// The newest run.
    pub fn run_id(&self) -> String {
        self.site.list(".backstay/runs").pop().expect("a run")
    }

    /// What the newest run's journal says, line by line.
    pub fn facts(&self) -> Vec<Fact> {
        self.facts_of(&self.run_id())
    }

    /// What a run's journal says.
    pub fn facts_of(&self, run: &str) -> Vec<Fact> {
        let file = self.site.path.join(".backstay/runs").join(run).join("journal");
        let journal = std::fs::read_to_string(file).expect("it has begun");
        let entries = journal.lines().enumerate().map(|(index, line)| {
            let entry = Entry::parse(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!(entry.seq, index as u64 + 1, "{journal}");
            entry.fact
        });
        entries.collect()
    }
}

/// What a failing test leaves to read.
impl Drop for Target {
    fn drop(&mut self) {
        if std::thread::panicking() {
            print_run(&self.site, &self.run_id());
        }
    }
}

/// A run's journal and logs, for people.
pub fn print_run(site: &Site, run: &str) {
    let folder = format!(".backstay/runs/{run}");
    let logs = site.list(&format!("{folder}/log")).into_iter().map(|log| format!("log/{log}"));
    for file in ["journal".to_owned(), "executor.log".to_owned()].into_iter().chain(logs) {
        let text = std::fs::read(site.path.join(&folder).join(&file)).unwrap_or_default();
        let newest = String::from_utf8_lossy(&text[text.len().saturating_sub(5000)..]).into_owned();
        eprintln!("── {file}\n{newest}");
    }
}
