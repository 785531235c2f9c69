//! What made a prototype fail: each rule of the protocol that stands because the design broke without it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{End, Target};
use crate::{
    cases::each_case,
    support::{Running, Site, as_user, eventually, servers},
};

/// Hooks, each as `HOOK: COMMANDS`.
fn hooks(lines: &[String]) -> String {
    lines.iter().fold("hooks:\n".to_owned(), |all, line| format!("{all}  {line}\n"))
}

/// The folder of the newest run's step.
fn step_folder(target: &Target, name: &str) -> PathBuf {
    let steps = format!(".backstay/runs/{}/steps", target.run_id());
    let step = target.list(&steps).into_iter().find(|step| step.ends_with(name)).expect("a step of the plan");
    target.path.join(steps).join(step)
}

/// The processes that have a file open.
fn holders(file: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").expect("mounted").flatten() {
        let files = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        if files.into_iter().any(|open| fs::read_link(open.path()).is_ok_and(|target| target == file)) {
            found.push(process.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

fn has(target: &Target, fact: &str) -> bool {
    target.journals().last().is_some_and(|journal| journal.contains(fact))
}

#[test]
fn a_run_that_was_planned_for_another_world_does_not_begin() {
    let target = Target::new(Site::with_first());
    // the runner's own look at the site takes long, and what the target said is old by then
    let (held, go) = (target.marks.join("held"), target.marks.join("go"));
    let page = format!("<?php touch('{}'); while (!file_exists('{}')) usleep(50000);", held.display(), go.display());
    fs::write(target.path.join("current/public/hold.php"), page).expect("ours");
    let plain = fs::read_to_string(target.runner.join("backstay.yml")).expect("ours");
    fs::write(target.runner.join("other.yml"), plain).expect("ours");
    target.configure("smoke: { checks: [ { http: /hold.php, within: 60s } ] }\n");
    let first = target.start(&["good"]);
    let is_looking = |process: &String| !process.contains(" arm ") && process.contains(" backstay ");
    eventually("the target has been looked at", || held.exists() && !target.processes().iter().any(is_looking));
    target.deploy_of(&[], "3333333", &["-c", "other.yml"]).is(0);
    fs::write(&go, "").expect("ours");
    first.wait().is(3).says("ended since this one was planned").says("deploy again");
    assert_eq!(target.live_revision().as_deref(), Some("3333333"));
    assert_eq!(target.data(), target.before);
    assert_eq!(target.journals().len(), 2);
    eventually("what had come for it is removed", || target.list(".backstay/incoming").is_empty());
}

#[test]
fn an_orphan_of_a_dead_executor_writes_nothing_into_restored_data() {
    let target = Target::new(Site::with_first());
    let (file, wrote) = (target.path.join("shared/storage/app/shop.sqlite"), target.marks.join("wrote"));
    let orphan = target.marks.join("orphan");
    let script = format!(
        "trap '' TERM HUP\nwhile :; do sqlite3 -cmd '.timeout 5000' {} 'DELETE FROM orders WHERE id = 1; UPDATE customers SET phone = 1' && touch {}; done\n",
        file.display(),
        wrote.display()
    );
    fs::write(&orphan, script).expect("ours");
    let pause = target.pause("after-migrate");
    // a session of its own, that nobody has written down
    let start = format!("setsid sh {} >/dev/null 2>&1 &", orphan.display());
    target.configure(&pause.replacen("[ \"[", &format!("[ \"{start} ["), 1));
    let run = target.start(&["good"]);
    target.await_pause("after-migrate");
    eventually("the orphan writes", || wrote.exists());
    target.cut(|| target.kill_executor());
    run.wait().is(10);
    target.judge(End::RolledBack);
}

#[test]
fn a_process_that_may_not_be_ended_is_stuck_and_named() {
    let target = Target::new(Site::with_first());
    // what sudo is to a step: a process of another user's
    let as_root = target.marks.join("as-root");
    fs::copy("/usr/bin/setpriv", &as_root).expect("util-linux");
    fs::set_permissions(&as_root, fs::Permissions::from_mode(0o4755)).expect("ours");
    let command = format!("{} --reuid 0 --clear-groups sleep 987 >/dev/null 2>&1 &", as_root.display());
    target.configure(&hooks(&[format!("after-migrate: [ \"{command}\" ]")]));
    let run = target.start(&["good"]).wait().is(20);
    run.says("a process of an earlier step still runs: ").says("fuser -v").says("settle -e test --retry");
    let migrated = target.data();
    target.tells_everywhere("stuck");
    assert!(target.data() == migrated && target.get("/").0 == 503, "nothing is touched");
    let holders = holders(&target.path.join(".backstay/step.lock"));
    assert!(!holders.is_empty());
    assert!(Command::new("kill").arg("-KILL").args(holders).status().expect("it runs").success());
    target.cut(|| target.backstay(&["settle", "--retry"])).is(10);
    target.judge(End::RolledBack);
}

#[test]
fn an_undo_whose_executor_is_killed_is_never_run_twice_at_once() {
    let target = Target::new(Site::with_first());
    let log = target.marks.join("undos");
    let undo = target.marks.join("undo");
    // ignores being asked; says whether another one of it lives
    let script = format!(
        "trap '' TERM\nfor pid in $(cat {0} 2>/dev/null); do if grep -qs '^State:.[^Z]' /proc/$pid/status; then echo both >>{0}.both; fi; done\necho $$ >>{0}\nsleep 3\n",
        log.display()
    );
    fs::write(&undo, script).expect("ours");
    target.configure(&hooks(&[
        format!("before-migrate: [ {{ do: \"true\", undo: \"sh {}\" }} ]", undo.display()),
        "after-migrate: [ \"false\" ]".to_owned(),
    ]));
    let run = target.start(&["good"]);
    eventually("the undo runs", || log.exists());
    target.cut(|| target.kill_executor());
    run.wait().is(10);
    target.judge(End::RolledBack);
    assert_eq!(fs::read_to_string(&log).expect("ours").lines().count(), 2);
    assert!(!log.with_extension("both").exists());
}

#[test]
fn a_worker_that_is_started_at_the_end_holds_no_lock() {
    let target = Target::new(Site::with_first());
    let pid = target.marks.join("worker");
    let command = |text: &str| text.replace("PID", &pid.display().to_string());
    let start =
        command("setsid sh -c 'echo $$ >PID; exec sleep 1000' >/dev/null 2>&1 & until [ -s PID ]; do sleep 0.05; done");
    let stop = command("kill $(cat PID); rm PID");
    let check = command("kill -0 $(cat PID)");
    target.configure(&format!(
        "workers: [ {{ kind: command, start: \"{start}\", stop: \"{stop}\", check: \"{check}\", grace: 10s }} ]\n"
    ));
    as_user(&start);
    for (variant, code, end) in [("bad", 10, End::RolledBack), ("good", 0, End::Committed)] {
        target.start(&[variant]).wait().is(code);
        let runs = fs::read_to_string(&pid).expect("it runs again");
        eventually("no lock is held", || !target.is_held("lock") && !target.is_held("step.lock"));
        assert!(fs::read_to_string(format!("/proc/{}/comm", runs.trim())).is_ok_and(|name| name == "sleep\n"));
        as_user(&stop);
        target.judge(end);
        as_user(&start);
    }
    as_user(&stop);
}

#[test]
fn an_undo_that_is_emptied_comes_back_from_the_bundle_or_is_stuck() {
    each_case(2, &[("undo", false), ("undo and bundle", true)], |_, &is_bundle_lost| {
        let target = Target::new(Site::with_first());
        let run = target.deploy_until("after-migrate", &["good"]);
        let migrated = target.data();
        let bundle = target.path.join(".backstay/runs").join(target.run_id()).join("bundle.tar");
        let kept = fs::read(&bundle).expect("it is kept until the end");
        fs::write(step_folder(&target, "-protect").join("undo"), "").expect("ours");
        if is_bundle_lost {
            fs::write(&bundle, "").expect("ours");
        }
        target.cut(|| target.kill_executor());
        let run = run.wait().is(if is_bundle_lost { 20 } else { 10 });
        if is_bundle_lost {
            run.says("do not match their hashes");
            assert_eq!(target.data(), migrated, "nothing is overwritten");
            target.judge(End::Stuck);
            fs::write(&bundle, kept).expect("ours");
            target.cut(|| target.backstay(&["settle", "--retry"])).is(10);
        }
        target.judge(End::RolledBack);
    });
}

/// A client that waits for a file once it has swapped schemas.
const CLIENT: &str = r#"#!/bin/sh
case " $* " in *" --unbuffered "*) exec /usr/bin/mariadb "$@" ;; esac
said=$(mktemp)
cat >"$said"
/usr/bin/mariadb "$@" <"$said" || exit
if grep -q '^RENAME TABLE' "$said" && [ ! -e MARK ]; then
	touch MARK
	sleep 1000
fi
rm -f "$said"
"#;

#[test]
fn a_crash_between_the_swap_and_its_record_does_not_swap_again() {
    let target = Target::new(Site::with_mariadb());
    let (folder, swapped) = (target.marks.join("bin"), target.marks.join("swapped"));
    fs::create_dir(&folder).expect("ours");
    let client = folder.join("mariadb");
    fs::write(&client, CLIENT.replace("MARK", &swapped.display().to_string())).expect("ours");
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).expect("ours");
    let (port, _sshd) = servers().sshd_with_path(&format!("{}:/usr/bin:/bin", folder.display()));
    target.reach_by(port);
    target.configure("");
    let run: Running = target.start(&["bad"]);
    eventually("the data are swapped", || swapped.exists());
    let undo = step_folder(&target, "-protect");
    let undo = undo.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(has(&target, &format!(" undo {undo} #")) && !has(&target, &format!(" undone {undo} ")));
    target.cut(|| target.kill_executor());
    run.wait().is(10).says("the executor had died");
    target.judge(End::RolledBack);
}
