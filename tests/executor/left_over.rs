//! What a dead executor or its scripts leave behind, and what of others is not to be touched.

use std::{
    fs,
    process::{Child, Command},
    time::{Duration, SystemTime},
};

use super::support::{Ground, eventually, judge, under_each_shell};

/// A process of the test's own, ended with it.
struct Bystander(Child);

impl Bystander {
    fn new() -> Self {
        Self(Command::new("/usr/bin/sleep").arg("1000").spawn().expect("it starts"))
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().expect("our child").is_none()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `ps` would say of the process whose pid stands in the home's file.
fn lives(ground: &Ground, name: &str) -> bool {
    let pid = ground.says(name);
    fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

/// A step of a dead executor that goes on, in whatever way.
fn is_ended_before_anything_is_undone(script: &'static str) {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("data", script);
        ground.die_in("do data");
        eventually("it goes on", || lives(&ground, "pid"));
        let decided = ground.facts();
        ground.recover();
        assert!(!lives(&ground, "pid"), "{shell}: it is ended");
        judge(&ground, &decided, &shell.to_string());
    });
}

#[test]
fn a_step_that_outlives_its_executor_is_ended_first() {
    is_ended_before_anything_is_undone("echo $$ >\"$HOME/pid\"; sleep 1000");
}

#[test]
fn a_step_that_ignores_being_asked_is_killed() {
    is_ended_before_anything_is_undone("trap '' TERM; echo $$ >\"$HOME/pid\"; while :; do sleep 1; done");
}

#[test]
fn a_process_in_another_session_is_found_by_the_step_lock() {
    let script =
        "setsid sh -c 'trap \"\" TERM HUP; echo $$ >\"$HOME/pid\"; while :; do sleep 1; done' >/dev/null 2>&1 &";
    is_ended_before_anything_is_undone(script);
}

#[test]
fn a_pid_that_is_somebody_elses_by_now_is_left_alone() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.die_in("do data");
        eventually("the step ends", || ground.live().contains(&"data".to_owned()));
        let mut bystander = Bystander::new();
        let recorded = fs::read_to_string(ground.dir().join("step.pid")).expect("recorded");
        let words: Vec<&str> = recorded.split_whitespace().collect();
        fs::write(ground.dir().join("step.pid"), format!("{} {} {}\n", bystander.0.id(), words[1], words[2]))
            .expect("ours");
        let decided = ground.facts();
        ground.recover();
        assert!(bystander.lives(), "{shell}");
        judge(&ground, &decided, &shell.to_string());
    });
}

#[test]
fn what_came_for_a_run_that_never_began_goes_with_the_next_run_or_recovery() {
    under_each_shell(|shell| {
        let mut ground = Ground::new(shell);
        ground.plan.settings.guard = "none";
        let came = |name: &str, minutes_ago: u64| {
            let folder = ground.root().join("incoming").join(name);
            fs::create_dir_all(folder.join("secrets")).expect("a folder");
            fs::write(folder.join("secrets/env"), "export TOKEN=s3cret\n").expect("a file");
            let then = SystemTime::now() - Duration::from_secs(60 * minutes_ago);
            fs::File::open(&folder).and_then(|opened| opened.set_modified(then)).expect("ours");
            folder
        };
        let (old, young) = (came("20250101T000000Z-old", 30), came("20250102T000000Z-young", 5));
        ground.die_in("do code");
        assert!(!old.exists() && young.exists(), "{shell}: by the next run");
        let old = came("20250101T000000Z-old", 30);
        ground.recover();
        assert!(!old.exists() && young.exists(), "{shell}: by its recovery");
    });
}
