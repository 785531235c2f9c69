//! A disk that is full, read-only, or does not sync: rolled back or stuck, told, and never in silence.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use backstay::journal::Fact;

use super::support::{Ground, Shell, eventually, judge, under_each_shell};

/// A small disk of the test's own as the app's folder.
pub struct Disk(PathBuf);

impl Disk {
    pub fn under(ground: &Ground) -> Self {
        let path = ground.path.clone();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs"]).arg(&path);
        assert!(mount.status().expect("it runs").success());
        Self(path)
    }

    /// As soon as nothing writes: that would keep the disk from turning.
    pub fn remount(&self, how: &str) {
        eventually(&format!("the disk turns {how}"), || {
            let mut mount = Command::new("mount");
            mount.args(["-o", &format!("remount,{how}")]).arg(&self.0).stderr(Stdio::null());
            mount.status().expect("it runs").success()
        });
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Until nothing more fits; the records' reserve stays.
pub const FILL: &str = "dd if=/dev/zero of=\"$BACKSTAY_PATH/fill\" bs=4096 2>/dev/null || :\n";

/// Somebody else takes the reserve as well, as soon as it is given back.
pub const FILL_ALL: &str =
    "rm -f \"$BACKSTAY_DIR/ballast\"; dd if=/dev/zero of=\"$BACKSTAY_PATH/fill\" bs=4096 2>/dev/null || :\n";

/// Runs a plan on a full disk, then gives the space back and lets the guard come.
fn ends_well(shell: Shell, ground: Ground, case: &str) {
    let case = format!("{shell} {case}");
    let _disk = Disk::under(&ground);
    ground.deploy();
    let end = ground.end();
    let told = ground.says("told");
    if end == "none" {
        assert!(told.contains("stuck"), "{case}: somebody is told {:?} {}", ground.facts(), ground.says("said"));
        assert_eq!(ground.says("open"), "", "{case}: it stays in maintenance");
        assert!(ground.says("crontab").contains(&ground.run()), "{case}: the guard goes on");
    }
    let _ = std::fs::remove_file(ground.path.join("fill"));
    let decided = ground.facts();
    if end == "stuck" {
        assert!(told.contains("stuck"), "{case}: {:?} {}", ground.facts(), ground.says("said"));
        ground.go(&ground.dir(), &["retry", "ann"]);
    } else {
        ground.recover();
    }
    judge(&ground, &decided, &case);
}

#[test]
fn a_full_disk_before_a_step_is_rolled_back_with_the_space_kept_for_it() {
    under_each_shell(|shell| {
        ends_well(shell, Ground::new(shell).step("close", FILL), "before a step");
        ends_well(shell, Ground::new(shell).step("data", &format!("{FILL}exit 1")), "as a step fails");
    });
}

#[test]
fn a_disk_that_fills_up_again_at_once_is_rolled_back_or_told() {
    under_each_shell(|shell| {
        ends_well(shell, Ground::new(shell).step("data", FILL_ALL), "before a step");
        ends_well(shell, Ground::new(shell).step("code", FILL_ALL), "before the commit");
        ends_well(shell, Ground::new(shell).step("code", "exit 1").undo("code", FILL_ALL), "during an undo");
        ends_well(shell, Ground::new(shell).step("code", "exit 1").undo("data", FILL_ALL), "before restored");
    });
}

#[test]
fn a_disk_that_turns_read_only_is_told_and_recovered_from() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let disk = Disk::under(&ground);
        ground.die_in("do code");
        eventually("the step ends", || ground.live().contains(&"code".to_owned()));
        let decided = ground.facts();
        disk.remount("ro");
        ground.recover();
        assert_eq!(ground.facts(), decided, "{shell}");
        assert!(ground.says("told").contains("stuck"), "{shell} {}", ground.says("said"));
        assert_eq!(ground.says("open"), "", "{shell}");
        disk.remount("rw");
        ground.recover();
        judge(&ground, &decided, &shell.to_string());
    });
}

#[test]
fn an_end_that_cannot_be_written_is_told_with_growing_pauses() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let disk = Disk::under(&ground);
        ground.die_in("do code");
        eventually("the step ends", || ground.live().contains(&"code".to_owned()));
        disk.remount("ro");
        let uptime = std::fs::read_to_string("/proc/uptime").expect("mounted");
        let now: f64 = uptime.split(' ').next().and_then(|up| up.parse().ok()).expect("seconds");
        let told = |minutes: u32| {
            let before = ground.says("told").lines().count();
            ground.recover_where("/proc/uptime", &format!("{:.2} 0.00\n", now + f64::from(minutes) * 60.0));
            ground.says("told").lines().count() - before
        };
        let minutes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 60];
        assert_eq!(minutes.map(told), [1, 1, 1, 0, 1, 0, 0, 1, 0, 0], "{shell} {}", ground.says("told"));
    });
}

#[test]
fn an_end_that_does_not_sync_is_told_once() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "exit 1");
        ground.tell("sync-fails-at", "ended rolled-back step 03-code exit 1\n");
        ground.deploy();
        for _ in 0..3 {
            ground.recover();
        }
        let told = ground.says("told");
        let states: Vec<&str> = told.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(states, ["rolled-back", "stuck"], "{shell} {told}");
    });
}

#[test]
fn a_commit_that_may_not_be_on_the_disk_goes_neither_way() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.tell("sync-fails-at", "commit\n");
        ground.deploy();
        let facts = ground.facts();
        assert!(facts.contains(&Fact::Commit) && !facts.contains(&Fact::Restored), "{shell} {facts:?}");
        assert_eq!(ground.end(), "stuck", "{shell}");
        assert_eq!(ground.says("trace"), "do close\ndo data\ndo code\n", "{shell}: nothing is undone or lifted");
        assert!(ground.says("told").starts_with("stuck the commit record"), "{shell}");
        ground.untell("sync-fails-at");
        ground.go(&ground.dir(), &["retry", "ann"]);
        judge(&ground, &facts, &shell.to_string());
    });
}

#[test]
fn a_restored_record_that_may_not_be_on_the_disk_is_stuck() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "exit 1");
        ground.tell("sync-fails-at", "restored\n");
        ground.deploy();
        assert_eq!((ground.end(), ground.says("open").as_str()), ("stuck", ""), "{shell}");
        ground.untell("sync-fails-at");
        ground.go(&ground.dir(), &["retry", "ann"]);
        judge(&ground, &ground.facts(), &shell.to_string());
    });
}

#[test]
fn a_step_whose_begin_does_not_sync_is_not_begun() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.tell("sync-fails-at", "begin 03-code\n");
        ground.deploy();
        assert_eq!(ground.end(), "rolled-back", "{shell}");
        assert!(!ground.says("trace").contains("code"), "{shell} {}", ground.says("trace"));
    });
}

#[test]
fn a_sync_that_knows_no_files_serves_as_a_plain_one() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.tell("sync-knows-no-files", "");
        ground.deploy();
        eventually("it ends", || ground.end() == "committed");
        judge(&ground, &ground.facts(), &shell.to_string());
    });
}
