//! Every cut that there is, not only those between records: the executor dies before any of its calls to the system that can
//! change something, its recovery dies so too, and the machine loses what was not synced.
//!
//! A run of tests tries some of them, other ones each time that a plan or a script changes; `./dev prove` tries all.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    cases::{each_case, proves_all},
    crashes::{COURSES, Course, ground, lines},
    recovery::{ROWS_OF_A_CRASH, row_of},
    support::{Ground, SHELLS, Shell, await_exit, end_all_below, judge},
};

/// A call: its name, and the how manieth of that name.
type Call = (String, usize);

/// What changes files, starts and ends processes.
const CALLS: &str = "write,openat,clone,clone3,fork,vfork,wait4,execve,kill,dup2,rename,unlink";
/// Cuts of each kind that a run of tests makes.
const SOME: usize = 10;

/// Some that are spread over all; with `PROVE=all` so many more that only each `every`th is left.
fn chosen(calls: Vec<Call>, some: usize, every: usize) -> Vec<Call> {
    let step = if proves_all() { every } else { calls.len().div_ceil(some).max(1) };
    calls.into_iter().skip(step / 2).step_by(step).collect()
}

impl Ground {
    /// The executor, which is killed before one of its calls; without one they are written down.
    fn traced(&self, folder: &Path, mode: &str, kill_before: Option<&Call>) -> (Option<i32>, Vec<Call>) {
        let log = self.home.join("calls");
        let mut command = self.command("/usr/bin/strace");
        command.args(["-qq", "-o"]).arg(&log).args(["-e", &format!("trace={CALLS}"), "-e", "signal=none"]);
        if let Some((name, number)) = kill_before {
            command.args(["-e", &format!("inject={name}:signal=KILL:when={number}")]);
        }
        command.arg(self.sh()).arg(folder.join("executor")).arg(mode);
        let status = await_exit(command.spawn().expect("strace is there: ./dev setup"));
        let (log, mut counts) = (fs::read_to_string(&log).unwrap_or_default(), HashMap::new());
        // the first one is the start of the shell itself; it is not counted
        let names = log.lines().skip(1).filter_map(|line| line.split_once('(')).map(|(name, _)| name.to_owned());
        let counted = names.map(|name| {
            let count = counts.entry(name.clone()).or_insert(0);
            *count += 1;
            (name, *count)
        });
        (status.code(), counted.collect())
    }

    /// A run that is killed before one of its calls; whether it was.
    fn die_before(&self, call: &Call) -> bool {
        let incoming = self.arrive();
        self.commit(&incoming);
        self.traced(&incoming, "run", Some(call)).0.is_none()
    }

    /// The calls of a run that nobody disturbs.
    fn calls(&self) -> Vec<Call> {
        let incoming = self.arrive();
        self.commit(&incoming);
        self.traced(&incoming, "run", None).1
    }

    /// A reboot: no process is left, and every file of ours is what was synced of it, or not there at all.
    fn lose_power(&self, empty: bool) {
        end_all_below(&self.home);
        let synced = self.home.join("synced");
        let root = self.root();
        for file in files(&root) {
            let kept = synced.join(file.strip_prefix(&root).expect("below"));
            if kept.exists() {
                fs::copy(kept, &file).expect("ours");
            } else if empty {
                fs::write(&file, "").expect("ours");
            } else {
                fs::remove_file(&file).expect("ours");
            }
        }
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A run, and where it is cut.
type Case = (Shell, Course, Call);

/// Tries the cuts and says how many there were. Two runs differ by a few calls, since a child that ends sooner is waited for once
/// less: where a run has ended before its call there is no cut.
fn prove(what: &str, cases: &[(String, Case)], claim: impl Fn(&str, &Case) -> Option<usize> + Sync) {
    let (tried, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    each_case(4, cases, |case, cut| match claim(case, cut) {
        Some(cuts) => _ = tried.fetch_add(cuts, Ordering::Relaxed),
        None => _ = missed.fetch_add(1, Ordering::Relaxed),
    });
    let (tried, missed) = (tried.into_inner(), missed.into_inner());
    println!("{what}: {tried} cuts, and {missed} calls that did not come");
    assert!(missed <= cases.len() / 20, "{missed} of {} calls did not come", cases.len());
}

fn cases(shells: &[Shell], some: usize, every: usize) -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for &shell in shells {
        for course in COURSES {
            for call in chosen(ground(shell, course).calls(), some, every) {
                cases.push((format!("{shell} {course:?} {} {}", call.0, call.1), (shell, course, call)));
            }
        }
    }
    cases
}

#[test]
fn a_crash_before_any_call_ends_in_one_of_two_states() {
    let (places, rows) = (Mutex::new(HashSet::new()), Mutex::new(BTreeSet::new()));
    prove("a crash before any call", &cases(&SHELLS, SOME, 1), |case, (shell, course, call)| {
        let ground = ground(*shell, *course);
        if !ground.die_before(call) {
            return None;
        }
        let decided = ground.facts();
        places.lock().expect("no panic while held").insert((*shell, *course, decided.len()));
        rows.lock().expect("no panic while held").insert(row_of(&ground.journal_bytes()));
        ground.recover();
        judge(&ground, &decided, case);
        Some(1)
    });
    let places = places.into_inner().expect("no panic while held");
    let rows = rows.into_inner().expect("no panic while held");
    println!("cuts were made at {} places between records, and met {rows:?}", places.len());
    if !proves_all() {
        assert!(places.len() >= 8, "cuts were made at {places:?}");
        return;
    }
    // where one record follows another, the first none, and none the last
    let all = SHELLS.into_iter().flat_map(|shell| COURSES.map(|course| (shell, course)));
    let all = all.flat_map(|(shell, course)| (0..=lines(shell, course)).map(move |line| (shell, course, line)));
    let missed: Vec<_> = all.filter(|place| !places.contains(place)).collect();
    assert!(missed.is_empty(), "no cut was made at {missed:?}");
    assert_eq!(rows, BTreeSet::from(ROWS_OF_A_CRASH), "every row that a crash alone can lead to");
}

#[test]
fn a_recovery_that_crashes_before_any_call_is_recovered_from() {
    prove("a crash in the recovery of a crash", &cases(&[Shell::Dash], SOME / 2, 64), |case, (shell, course, call)| {
        let dead = || {
            let ground = ground(*shell, *course);
            ground.die_before(call).then_some(ground)
        };
        let undisturbed = dead()?;
        if !undisturbed.dir().exists() {
            return Some(0);
        }
        let recovery = undisturbed.traced(&undisturbed.dir(), "recover", None).1;
        let mut tried = 0;
        for again in &chosen(recovery, SOME / 2, 8) {
            let case = format!("{case}, then {again:?} of its recovery");
            let Some(ground) = dead() else { continue };
            let decided = ground.facts();
            tried += usize::from(ground.traced(&ground.dir(), "recover", Some(again)).0.is_none());
            ground.recover();
            judge(&ground, &decided, &case);
        }
        Some(tried)
    });
}

#[test]
fn a_machine_that_loses_what_was_not_synced_ends_in_one_of_two_states() {
    prove("a power failure before any call", &cases(&[Shell::Dash], SOME, 1), |case, (shell, course, call)| {
        let ground = ground(*shell, *course);
        ground.tell("keeps-synced", &ground.root().display().to_string());
        if !ground.die_before(call) {
            return None;
        }
        ground.lose_power(call.1 % 2 == 0);
        let decided = ground.facts();
        if ground.dir().join("executor").metadata().is_ok_and(|file| file.len() > 0) {
            ground.recover_where("/proc/sys/kernel/random/boot_id", "11111111-2222-3333-4444-555555555555\n");
        } else {
            // what the next deploy sweeps away
            assert!(decided.is_empty(), "{case}: a run that has begun keeps its executor: {decided:#?}");
            return Some(1);
        }
        judge(&ground, &decided, case);
        Some(1)
    });
}
