//! A deploy to real servers is cut as soon as each of its records is written, in every way that it can be cut from outside, and
//! brought to its end by each of those who can. What it is cut by inside of scripts is in `tests/executor/prove.rs` and `crashes.rs`.
//!
//! A run of tests tries some of the cuts, `./dev prove` all.

use std::{
    fs,
    sync::Mutex,
    time::{Duration, Instant},
};

use backstay::journal::Fact;
use serde_json::json;

use super::{
    cases::{each_case, proves_all},
    failures::{End, Target},
    support::{OwnMariaDb, Site, as_user_at_home, servers},
};

/// What goes wrong, and who ends the run then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The executor is killed; the runner ends it.
    Executor,
    /// The runner is killed; the target ends it alone.
    Runner,
    /// Both are killed; somebody takes it up.
    Both(Then),
    /// The link is closed, and can be opened again.
    LinkClosed,
    /// Nothing gets through any more, for longer than the lease.
    LinkBlocked,
    /// The database server is killed, and comes back.
    Server,
}

/// Who comes after both are dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Settle,
    /// The next deploy.
    Deploy,
    Cron,
    /// The guard at boot.
    Boot,
}

use Cut::{Both, Executor, LinkBlocked, LinkClosed, Runner, Server};
use Then::{Boot, Cron, Deploy, Settle};

const CUTS: [Cut; 9] =
    [Executor, Runner, Both(Settle), Both(Deploy), Both(Cron), Both(Boot), LinkClosed, LinkBlocked, Server];

/// How a run goes that nobody cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Good,
    Failing,
}

use Course::{Failing, Good};

impl Course {
    const fn variant(self) -> &'static str {
        match self {
            Good => "good",
            Failing => "bad",
        }
    }

    /// The number of its records.
    fn records(self) -> usize {
        let target = Target::new(Site::with_mariadb());
        let end = if self == Good { End::Committed } else { End::RolledBack };
        target.start(&[self.variant()]).wait().is(end.code());
        target.judge(end);
        target.facts().len()
    }
}

/// A run of tests makes every so manieth cut. The number of ways to cut does not divide it, so that each comes.
const EVERY: usize = 109;
/// As many at a time: most of it is waiting.
const AT_ONCE: usize = 8;

/// Database servers to be killed, each for one run at a time.
#[derive(Default)]
struct Pool {
    free: Mutex<Vec<OwnMariaDb>>,
    started: Mutex<usize>,
}

impl Pool {
    fn with<T>(&self, work: impl FnOnce(&OwnMariaDb) -> T) -> T {
        let free = self.free.lock().expect("no panic while held").pop();
        let server = free.unwrap_or_else(|| {
            let mut started = self.started.lock().expect("no panic while held");
            *started += 1;
            OwnMariaDb::start(servers().folder.join(format!("mariadb-prove-{started}")))
        });
        let done = work(&server);
        self.free.lock().expect("no panic while held").push(server);
        done
    }
}

#[test]
fn wherever_a_run_on_real_servers_is_cut_it_ends_in_one_of_two_states() {
    let mut cases = Vec::new();
    for course in [Good, Failing] {
        for record in 1..=course.records() {
            for cut in CUTS {
                cases.push((format!("{course:?} {cut:?} at {record}"), (course, cut, record)));
            }
        }
    }
    let every = if proves_all() { 1 } else { EVERY };
    let chosen: Vec<_> = cases.into_iter().skip(every / 2).step_by(every).collect();
    let pool = Pool::default();
    each_case(AT_ONCE, &chosen, |case, &(course, cut, record)| {
        if cut == Server {
            pool.with(|server| {
                is_cut(&Target::new(Site::on(server.0)), course, cut, record, case, || {
                    server.0.kill();
                    server.0.start_again();
                });
            });
        } else {
            is_cut(&Target::new(Site::with_mariadb()), course, cut, record, case, || {});
        }
    });
    println!("a deploy to real servers: {} cuts", chosen.len());
}

fn is_cut(target: &Target, course: Course, cut: Cut, record: usize, case: &str, restart_server: impl FnOnce()) {
    let proxy = target.through_proxy();
    target.configure("");
    let run = target.start(&[course.variant()]);
    await_record(target, record);
    target.cut(|| match cut {
        Executor => target.end_executor(),
        Runner => run.signal("-KILL"),
        Both(_) => {
            run.signal("-KILL");
            target.end_executor();
        }
        LinkClosed => target.kill("backstay arm"),
        LinkBlocked => proxy.block(),
        Server => restart_server(),
    });
    let run_id = target.run_id();
    let facts = || target.facts_of(&run_id);
    let end = || if facts().contains(&Fact::Commit) { End::Committed } else { End::RolledBack };
    let decided = facts();
    match cut {
        Executor => run.wait().is(end().code()),
        Runner => run.wait(),
        Both(then) => {
            let run = run.wait();
            take_up(target, then, end());
            run
        }
        LinkClosed => run.wait().is(if course == Good { 0 } else { 10 }),
        LinkBlocked => {
            target.await_end();
            proxy.heal();
            run.wait().is(end().code())
        }
        Server => {
            let run = run.wait();
            if facts().iter().any(|fact| matches!(fact, Fact::Stuck { .. })) {
                target.backstay(&["settle", "--retry"]).is(end().code());
            }
            run
        }
    };
    target.await_end();
    if !matches!(cut, Server | LinkClosed) {
        assert_decided(&decided, end(), cut, case);
    }
    if decided.iter().any(|fact| matches!(fact, Fact::Ended { .. })) {
        // killed behind its last record it has not cleared up; the guard does
        guard_comes(target, "* * * * * ");
    }
    if cut != Both(Deploy) {
        target.judge(end());
    }
}

fn take_up(target: &Target, then: Then, end: End) {
    let has_ended = target.journals().last().is_some_and(|journal| journal.contains(" ended "));
    match then {
        Settle => {
            let settled = target.backstay(&["settle", "--json"]);
            if !has_ended {
                assert_eq!(settled.is(end.code()).outcome()["outcome"], json!(end.as_str()));
            }
        }
        Deploy => {
            let next = target.deploy_of(&["bad"], "3333333", &[]).is(10);
            if !has_ended {
                next.says(&format!("is settled: {}", end.as_str()));
            }
            target.assert_site(end);
        }
        Cron | Boot => {
            let comes = guard_comes(target, if then == Cron { "* * * * * " } else { "@reboot " });
            assert!(comes || has_ended, "nobody would come");
        }
    }
}

/// Does what cron does with the guard's line; whether there is one.
fn guard_comes(target: &Target, when: &str) -> bool {
    let lines = target.crontab_lines();
    let Some(line) = lines.iter().find_map(|line| line.strip_prefix(when)) else { return false };
    as_user_at_home(&format!("{line}; :"));
    true
}

/// Before the verdict nobody commits but a runner that lives; after the record of the decision nobody decides again.
fn assert_decided(decided: &[Fact], end: End, cut: Cut, case: &str) {
    let has = |fact: &Fact| decided.contains(fact);
    let is_awaited = has(&Fact::Await);
    let commits = has(&Fact::Commit) || cut == Runner && has(&Fact::Verdict("commit".to_owned()));
    // of a runner that is cut off the verdict may be on its way
    let is_open = is_awaited && !has(&Fact::Restored) && matches!(cut, Runner | LinkBlocked);
    if commits {
        assert_eq!(end, End::Committed, "{case}: {decided:#?}");
    } else if !is_open {
        assert_eq!(end, End::RolledBack, "{case}: {decided:#?}");
    }
}

/// Waits until the run has so many records; some follow each other within milliseconds.
fn await_record(target: &Target, record: usize) {
    let began = Instant::now();
    loop {
        let run = target.run_id();
        let journal = target.path.join(".backstay/runs").join(&run).join("journal");
        let journal = if run.ends_with("2222222") { fs::read_to_string(journal).unwrap_or_default() } else { run };
        if journal.matches('\n').count() >= record {
            return;
        }
        assert!(began.elapsed() < Duration::from_mins(3), "record {record} is not written:\n{journal}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
