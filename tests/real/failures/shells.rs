//! The shells that a target may have as `sh`.

use std::{os::unix::fs::symlink, path::Path, process::Command};

use super::{End, Target};
use crate::{
    cases::each_case,
    support::{Site, servers},
};

/// What `sh` is: Debian's and Ubuntu's, Fedora's and its relatives', and Alpine's with its applets in place of coreutils.
const SHELLS: [(&str, &str); 3] =
    [("dash", "/usr/bin/dash"), ("bash", "/usr/bin/bash"), ("busybox", "/usr/bin/busybox")];

/// A folder to come first in the PATH.
fn install(folder: &Path, shell: &str, program: &str) {
    std::fs::create_dir_all(folder).expect("ours");
    let listed = Command::new(program).arg("--list").output().expect("it is installed");
    let applets = String::from_utf8_lossy(&listed.stdout).into_owned();
    // Debian's has a crontab that may not write
    let applets = applets.lines().filter(|applet| shell == "busybox" && !matches!(*applet, "crontab" | "sh"));
    for name in applets.chain(["sh"]) {
        symlink(program, folder.join(name)).expect("a link");
    }
}

#[test]
fn every_shell_comes_to_the_same_ends() {
    each_case(SHELLS.len(), &SHELLS, |shell, program| {
        let target = Target::new(Site::with_mariadb());
        let folder = target.marks.join("bin");
        install(&folder, shell, program);
        let (port, _sshd) = servers().sshd_with_path(&format!("{}:/usr/bin:/bin", folder.display()));
        target.reach_by(port);
        target.configure("");

        target.start(&["bad"]).wait().is(10).says("the migration dies half-way");
        target.judge(End::RolledBack);

        let run = target.deploy_until("after-migrate", &["good"]);
        let executor = target.executors().pop().expect("it runs");
        let exe = std::fs::read_link(format!("/proc/{executor}/exe")).expect("it runs");
        assert!(exe.ends_with(program.rsplit('/').next().expect("a name")), "{exe:?} runs it");
        target.cut(|| target.kill_executor());
        run.wait().is(10).says("the executor had died");
        target.judge(End::RolledBack);

        target.start(&["good"]).wait().is(0);
        target.judge(End::Committed);
    });
}
