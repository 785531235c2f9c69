//! A site that users write to, and deploys to it that are disturbed.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use backstay::journal::{Direction, End, Entry, Fact, RunState};

use super::{
    Soak,
    client::Client,
    course::{Course, number_of, revision},
    judge::Reference,
    kills::Victim,
    plan::{Chance, Kill, Plan, Way},
};
use crate::{
    failures::print_run,
    support::{Finished, Front, Running, Site, USER, eventually},
};

/// Nothing here takes so long: the lease is 15 s.
pub const ENDS_WITHIN: Duration = Duration::from_mins(4);
/// Runs in a row that are left to the next deploy.
const LEFT_MAX: usize = 2;

pub struct Target<'a> {
    pub soak: &'a Soak,
    pub site: Site,
    pub front: Front,
    pub client: Client,
    pub reference: Reference,
    /// Runs that have been looked at.
    pub judged: BTreeSet<String>,
    /// What was killed since then, and how often the server had crashed until then.
    killed: Vec<Victim>,
    outages: usize,
    left: usize,
    at: u64,
    number: u32,
}

/// A command or an executor that was started here.
struct Started {
    running: Running,
    /// The deploy's number, where it is one.
    deploys: Option<u32>,
}

impl<'a> Target<'a> {
    pub fn new(soak: &'a Soak, at: u64) -> Self {
        let site = Site::on(soak.server.0);
        let front = Front::with_workers(&site);
        site.configure(
            "release: { shared: [storage, .env], keep: 2 }\nmaintenance: { drain: 500ms }\ndatabases: { main: { keep_failed: 0s } }\n",
        );
        site.edit_config(
            &format!("url: http://127.0.0.1:{}", site.port),
            &format!("url: http://127.0.0.1:{}", front.port),
        );
        let reference = Reference::new(soak.server.0, &site);
        let client = Client::start(front.port, Chance::of(soak.seed, at, 0));
        let judged = site.list(".backstay/runs").into_iter().collect();
        Self { soak, site, front, client, reference, judged, killed: vec![], outages: 0, left: 0, at, number: 0 }
    }

    /// One deploy with its kills, until its run has ended and was looked at, or is left to the next.
    pub fn deploy(&mut self, number: u32) {
        self.number = number;
        let (plan, began) = (Plan::of(self.soak.seed, self.at, number), Instant::now());
        let mut command = Some(self.start_deploy(plan.course, number));
        for kill in &plan.kills {
            if self.soak.is_over() || !self.disturb(kill, &mut command) {
                break;
            }
        }
        let is_led = command.as_mut().is_some_and(|started| !started.running.has_ended());
        if (plan.is_aborted || self.soak.is_over()) && !is_led && !self.site.executors().is_empty() {
            self.soak.count("called off", 1);
            let _ = self.site.backstay(&["abort", "--json"]);
        }
        self.end_command(command);
        let mut by = plan.settled_by;
        if by == Way::NextDeploy && (self.left >= LEFT_MAX || self.soak.is_over()) {
            by = Way::Settle;
        }
        if by == Way::NextDeploy && self.is_open() {
            self.left += 1;
            self.soak.count("runs left to the next deploy", 1);
            return;
        }
        for _ in 0..5 {
            if !self.is_open() {
                break;
            }
            self.end_open(by);
        }
        assert!(!self.is_open(), "nobody could end {}", self.newest_run());
        self.settle_stuck();
        let ended = began.elapsed();
        self.judge();
        let (took, killed) = (began.elapsed().as_secs_f64(), &self.killed);
        println!("{} {:?}: {took:.1} s ({:.1} s), {killed:?}", self.case(), plan.course, ended.as_secs_f64());
        self.left = 0;
        self.killed.clear();
        self.outages = self.soak.outages.load(std::sync::atomic::Ordering::Relaxed);
    }

    /// A last deploy that nobody disturbs, after which nothing is left of the others.
    pub fn end(&mut self) {
        let _up = self.soak.up.read().expect("no panic while held");
        self.number += 1;
        let ten_minutes_later =
            "find \"$1/.backstay/incoming\" -mindepth 1 -maxdepth 1 -exec touch -d '11 minutes ago' {} +";
        let aged = Command::new("sh").args(["-euc", ten_minutes_later, "sh"]).arg(&self.site.path).status();
        assert!(aged.expect("sh runs").success());
        self.start_deploy(Course::Good, self.number).running.wait().is(0);
        self.judge_under_way();
        self.assert_retention();
        assert_eq!(self.site.list(".backstay/incoming"), Vec::<String>::new());
        for run in self.site.list(".backstay/runs") {
            assert!(!self.facts(&run).is_empty(), "{}: {run} never began and is still there", self.case());
        }
        let log = self.client.pause();
        self.soak.count("writes: acknowledged", log.acknowledged);
        self.soak.count("writes: refused by maintenance", log.refused);
        self.soak.count("writes: without an answer", log.unknown);
        self.soak.count("writes: rows", log.rows.len());
    }

    fn start_deploy(&self, course: Course, number: u32) -> Started {
        self.soak.count("deploys", 1);
        let artifact = self.site.artifact(course.variants(), &revision(number));
        course.write_migration(&artifact, number);
        let artifact = artifact.display().to_string();
        let words = ["deploy", "--json", "--artifact", &artifact, "--revision", &revision(number)];
        Started { running: self.site.start(&words), deploys: Some(number) }
    }

    /// Makes a kill when its moment has come; false where the run has ended before.
    fn disturb(&mut self, kill: &Kill, command: &mut Option<Started>) -> bool {
        let began = Instant::now();
        'moment: while !kill.after.is_empty() && self.is_at_work(command) {
            assert!(began.elapsed() < ENDS_WITHIN, "no end");
            // who is at work is asked less often: it costs a look at every process
            for _ in 0..20 {
                if self.journal().contains(kill.after) {
                    break 'moment;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        std::thread::sleep(kill.delay);
        if !self.is_at_work(command) {
            if !self.is_open() {
                return false;
            }
            self.end_command(command.take());
            *command = Some(self.take_up(kill.taken_up_by));
            std::thread::sleep(kill.delay);
        }
        let running = command.as_ref().map(|started| &started.running);
        if let Some(victim) = self.kill(kill.victim, kill.which, running) {
            self.soak.killed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.soak.count(format!("killed: {victim:?}"), 1);
            if !self.killed.is_empty() || self.journal().contains(" recover ") {
                self.soak.count("killed after another kill in the same run", 1);
            }
            self.killed.push(victim);
        }
        true
    }

    fn is_at_work(&self, command: &mut Option<Started>) -> bool {
        command.as_mut().is_some_and(|started| !started.running.has_ended()) || !self.site.executors().is_empty()
    }

    /// Somebody takes up what nobody works on.
    fn take_up(&self, way: Way) -> Started {
        self.soak.count(format!("taken up by: {way:?}"), 1);
        let running = match way {
            Way::Guard => {
                let folder = self.site.path.join(".backstay/runs").join(self.newest_run()).display().to_string();
                let line = format!("sh '{folder}/executor' recover >>'{folder}/executor.log' 2>&1");
                let mut command = Command::new("setpriv");
                command.args(["--reuid", USER, "--regid", USER, "--init-groups", "--reset-env", "sh", "-c", &line]);
                command.current_dir("/").stdin(Stdio::null());
                Running::start(command)
            }
            Way::Settle | Way::NextDeploy => self.site.start(&["settle", "--json"]),
        };
        Started { running, deploys: None }
    }

    fn end_open(&self, way: Way) {
        let started = self.take_up(way);
        self.end_command(Some(started));
    }

    /// Waits until a command and every executor have ended. What the command says of the end is what the journal says.
    fn end_command(&self, command: Option<Started>) {
        let began = Instant::now();
        if let Some(mut started) = command {
            while !started.running.has_ended() {
                assert!(began.elapsed() < ENDS_WITHIN, "the command does not end");
                std::thread::sleep(Duration::from_millis(20));
            }
            let finished = started.running.wait();
            if self.newest_run().is_empty() {
                println!("{}: no run: {} {}", self.case(), finished.code, finished.stderr);
            }
            if let Some(number) = started.deploys {
                self.assert_told(&finished, number);
            }
        }
        while !self.site.executors().is_empty() {
            assert!(began.elapsed() < ENDS_WITHIN, "the executor does not end");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// 0, 10 and 11 are said only of what stands in the journal.
    fn assert_told(&self, finished: &Finished, number: u32) {
        let run = self.newest_run();
        let end = (number_of(&run) == Some(number)).then(|| self.state(&run).end).flatten();
        let said = match finished.code {
            0 => Some(End::Decided(Direction::Committed)),
            10 | 11 => Some(End::Decided(Direction::RolledBack)),
            _ => return,
        };
        assert_eq!(end, said, "the command exited {}: {}\n{}", finished.code, finished.stdout, finished.stderr);
    }

    /// A run is stuck only where the server was down, where what a script had called was killed, or where scripts were killed so often that
    /// they were not run again. What a person tries again then comes to an end.
    fn settle_stuck(&mut self) {
        let _up = self.soak.up.read().expect("no panic while held");
        for attempt in 1.. {
            let state = self.state(&self.newest_run());
            let Some(End::Stuck { at, text }) = &state.end else { return };
            if attempt == 1 {
                let was_down = self.soak.outages.load(std::sync::atomic::Ordering::Relaxed) > self.outages;
                let scripts = self.killed.iter().filter(|victim| **victim == Victim::Script).count();
                let is_explained =
                    was_down || scripts >= 3 || self.killed.iter().any(|victim| victim.may_fail_an_undo());
                assert!(is_explained, "stuck at {at}, and nothing was killed that explains it: {text}");
                let why = if was_down { "the server was down" } else { "what it had called was killed" };
                self.soak.count(format!("stuck, then settled: at {at}, {why}"), 1);
                if state.maintenance_on_ms.is_some() && state.maintenance_off_ms.is_none() {
                    assert_eq!(self.front.get("/").0, 503, "a stuck site stays in maintenance");
                }
            }
            assert!(attempt <= 3, "still stuck at {at}: {text}");
            let _ = self.site.backstay(&["settle", "--retry", "--json"]);
            eventually("the executor has ended", || self.site.executors().is_empty());
        }
    }

    /// The newest run that was not looked at yet; empty where there is none.
    pub fn newest_run(&self) -> String {
        self.site.list(".backstay/runs").pop().filter(|run| !self.judged.contains(run)).unwrap_or_default()
    }

    fn journal(&self) -> String {
        let run = self.newest_run();
        if run.is_empty() { run } else { self.journal_of(&run) }
    }

    fn journal_of(&self, run: &str) -> String {
        fs::read_to_string(self.site.path.join(".backstay/runs").join(run).join("journal")).unwrap_or_default()
    }

    /// Whether the newest run has begun and has no end.
    fn is_open(&self) -> bool {
        let run = self.newest_run();
        !run.is_empty() && !self.entries(&run).is_empty() && self.state(&run).end.is_none()
    }

    fn state(&self, run: &str) -> RunState {
        let mut state = RunState::default();
        for entry in self.entries(run) {
            state.apply(&entry);
        }
        state
    }

    /// What a journal says. A kill may tear a line.
    fn entries(&self, run: &str) -> Vec<Entry> {
        self.journal_of(run).lines().filter_map(|line| Entry::parse(line).ok()).collect()
    }

    pub fn facts(&self, run: &str) -> Vec<Fact> {
        self.entries(run).into_iter().map(|entry| entry.fact).collect()
    }

    /// Where it is, for people.
    pub fn case(&self) -> String {
        let Soak { seed, wanted, .. } = self.soak;
        format!("SOAK_SEED={seed} SOAK_KILLS={wanted} SOAK_FROM={} CASE='site {}'", self.number, self.at)
    }
}

/// What a failing soak leaves to read.
impl Drop for Target<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: killed {:?}", self.case(), self.killed);
            let runs = self.site.list(".backstay/runs");
            for run in runs.iter().filter(|run| !self.judged.contains(*run)) {
                eprintln!("══ {run}");
                print_run(&self.site, run);
            }
        }
    }
}
