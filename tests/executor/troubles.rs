//! What can befall a run from outside, at each of its records: a run of tests tries some, `./dev prove` all, in each shell.

use std::fs;

use backstay::journal::Fact;

use super::{
    cases::{each_case, proves_all},
    crashes::{COURSES, Course, ground, lines},
    disk::{Disk, FILL, FILL_ALL},
    support::{Ground, SHELLS, Shell, judge},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// It dies, and the clock jumps by a day.
    ClockForward,
    ClockBack,
    /// It dies, and the scripts that undo are emptied.
    Emptied,
    /// It dies on a disk that is read-only until somebody looks after it.
    ReadOnly,
    /// The disk is full, but for the space that is kept.
    Full,
    /// That is taken too.
    FullTwice,
    /// The runner is dead, or its link.
    Silence,
    /// Somebody aborts.
    Abort,
    /// The guard comes while it works.
    Guard,
}

use Trouble::{Abort, ClockBack, ClockForward, Emptied, Full, FullTwice, Guard, ReadOnly, Silence};

const TROUBLES: [Trouble; 9] = [ClockForward, ClockBack, Emptied, ReadOnly, Full, FullTwice, Silence, Abort, Guard];

/// How many records apart a run of tests makes it.
const EVERY: usize = 8;

impl Trouble {
    /// What happens at the record, in sh.
    fn script(self) -> String {
        let kill = "kill -s KILL \"$PPID\"\n";
        let clock = |ns: &str| {
            format!(
                "bin=${{0%/*}}; /bin/rm -f \"$bin/date\"; printf '#!/bin/dash\\necho {ns}\\n' >\"$bin/date\"; /bin/chmod 755 \"$bin/date\"\n{kill}"
            )
        };
        match self {
            ClockForward => clock("4102444800000000000"),
            ClockBack => clock("86400000000000"),
            Emptied => format!("for undo in \"$RUN_DIR\"/steps/*/undo; do : >\"$undo\"; done\n{kill}"),
            ReadOnly => kill.to_owned(),
            Full => FILL.replace("$BACKSTAY_PATH", "${RUN_DIR%/.backstay/*}"),
            FullTwice => {
                FILL_ALL.replace("$BACKSTAY_PATH", "${RUN_DIR%/.backstay/*}").replace("$BACKSTAY_DIR", "$RUN_DIR")
            }
            Silence => {
                "read -r boot </proc/sys/kernel/random/boot_id; echo \"0 $boot\" >\"$RUN_DIR/heartbeat\"\n".to_owned()
            }
            Abort => "echo 'abort abort by ann' >\"$RUN_DIR/verdict\"\n".to_owned(),
            Guard => "\"${0%/*}/sh\" \"$RUN_DIR/executor\" recover; echo $? >\"$HOME/guard-said\"\n".to_owned(),
        }
    }

    fn kills(self) -> bool {
        matches!(self, ClockForward | ClockBack | Emptied | ReadOnly)
    }

    fn is_of_the_disk(self) -> bool {
        matches!(self, ReadOnly | Full | FullTwice)
    }
}

/// What a person or time does about it, and who comes then.
fn recover(ground: &Ground, trouble: Trouble, disk: Option<&Disk>, case: &str) -> Vec<Fact> {
    let decided = ground.facts();
    match (trouble, disk) {
        (ReadOnly, Some(disk)) => {
            disk.remount("ro");
            let open = ground.says("open");
            ground.recover();
            assert_eq!((ground.facts(), ground.says("open")), (decided.clone(), open), "{case}: nothing is touched");
            disk.remount("rw");
        }
        (Full | FullTwice, _) => {
            let end = ground.end();
            assert!(end != "none" || ground.says("told").contains("stuck"), "{case}: somebody is told");
            let is_decided = decided.iter().any(|fact| matches!(fact, Fact::Commit | Fact::Restored));
            assert!(is_decided || ground.says("open").is_empty(), "{case}: it stays in maintenance");
            let _ = fs::remove_file(ground.path.join("fill"));
        }
        (ClockForward | ClockBack | Emptied | ReadOnly | Silence | Abort | Guard, _) => {}
    }
    if ground.end() == "stuck" {
        ground.go(&ground.dir(), &["retry", "ann"]);
    } else if ground.dir().exists() {
        ground.recover();
    }
    decided
}

#[test]
fn whatever_befalls_a_run_at_any_record_it_ends_in_one_of_two_states() {
    let mut cases = Vec::new();
    let (shells, every) = if proves_all() { (&SHELLS[..], 1) } else { (&SHELLS[..1], EVERY) };
    for &shell in shells {
        for course in COURSES {
            let lines = lines(shell, course);
            for (number, trouble) in TROUBLES.into_iter().enumerate() {
                for line in (1 + number % every..=lines).step_by(every) {
                    cases.push((format!("{shell} {course:?} {trouble:?} at {line}"), (shell, course, trouble, line)));
                }
            }
        }
    }
    each_case(4, &cases, |case, &(shell, course, trouble, line)| befalls(shell, course, trouble, line, case));
    println!("troubles at records: {} cuts", cases.len());
}

fn befalls(shell: Shell, course: Course, trouble: Trouble, line: usize, case: &str) {
    let ground = ground(shell, course);
    let disk = trouble.is_of_the_disk().then(|| Disk::under(&ground));
    ground.tell("trouble", &trouble.script());
    ground.tell("trouble-at", &format!("{line}\n"));
    let ended = ground.deploy();
    assert!(!ground.says("trouble-was-at").is_empty(), "{case}: it came to that");
    assert_eq!(ended.is_none(), trouble.kills(), "{case}: {}", ground.says("said"));
    let before = ground.facts().into_iter().take(line).collect::<Vec<_>>();
    let decided = recover(&ground, trouble, disk.as_ref(), case);
    let is_open = !before.iter().any(|fact| matches!(fact, Fact::Await | Fact::Abort { .. }));
    // a last step that is shorter than the watch's pause fails by itself, or is followed by the verdict, which is there
    let is_last = before.contains(&Fact::Begin("03-code".to_owned()));
    let is_seen = is_open && !(is_last && (course == Course::Failing || trouble == Silence));
    if is_seen && matches!(trouble, Silence | Abort) {
        assert_eq!(ground.abort().0, if trouble == Silence { "lost" } else { "abort" }, "{case}");
    }
    if trouble == Guard {
        assert_eq!(ground.says("guard-said"), "75\n", "{case}: one executor");
    }
    judge(&ground, &decided, case);
}
