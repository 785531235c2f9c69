//! A disk that fills up in the middle of a run: the one of the app, or the one of the database server.

use super::{End, Target};
use crate::{
    cases::each_case,
    support::{Disk, Finished, MariaDb, OwnMariaDb, Site, eventually, servers},
};

/// Longer than a run's own records take.
const RECORDS_KB: u64 = 1024;
/// What a server keeps of a file that has grown once.
const GROWN_KB: u64 = 8192;

type Course<'a> = &'a (dyn Fn(&Target, &Disk) -> Finished + Sync);

/// What a run took is given back.
#[track_caller]
fn assert_given_back(disk: &Disk, free_kb: u64) {
    disk.empty();
    assert!(disk.free_kb() + RECORDS_KB > free_kb, "{} of {free_kb} kB are free", disk.free_kb());
}

#[test]
fn a_disk_that_fills_up_under_the_app_is_rolled_back_and_gives_back_its_space() {
    let uploading = |target: &Target, disk: &Disk| {
        let runs = target.list(".backstay/runs").len();
        let artifact = target.artifact(&["good"], "2222222");
        // what does not compress, so that it takes its time
        std::fs::write(artifact.join("blob"), noise(8 << 20)).expect("ours");
        let run = Site::start(
            target,
            &["deploy", "--json", "--artifact", artifact.to_str().expect("ours"), "--revision", "2222222"],
        );
        eventually("it has begun", || target.list(".backstay/runs").len() > runs);
        target.cut(|| disk.fill(0));
        run.wait()
    };
    let at = |hook: &'static str| {
        move |target: &Target, disk: &Disk| {
            let run = target.deploy_until(hook, &["good"]);
            target.cut(|| disk.fill(0));
            target.go_on(hook);
            run.wait()
        }
    };
    let (copying, migrating, switching) = (at("before-workers-stop"), at("after-migrate"), at("before-switch"));
    let cases: [(&str, Course<'_>); 4] = [
        ("uploading", &uploading),
        ("before maintenance", &copying),
        ("after migrate", &migrating),
        ("before switch", &switching),
    ];
    each_case(4, &cases, |_, course| {
        let (site, disk) = Site::on_disk(100);
        let target = Target::new(site);
        let free_kb = disk.free_kb();
        let run = course(&target, &disk).is(10);
        run.says("full");
        target.judge(End::RolledBack);
        assert_given_back(&disk, free_kb);
    });
}

/// Comes to the verdict with a disk that is full, the space that was kept for it included where that is said.
fn full_at_the_verdict(target: &Target, disk: &Disk, is_all: bool) -> Finished {
    let run = target.deploy_until("after-smoke", &["good"]);
    run.signal("-STOP");
    target.go_on("after-smoke");
    eventually("it waits for the verdict", || {
        target.journals().last().is_some_and(|journal| journal.contains(" await #"))
    });
    if is_all {
        let kept = target.path.join(".backstay/runs").join(target.run_id()).join("ballast");
        std::fs::remove_file(kept).expect("it is kept until then");
    }
    target.cut(|| disk.fill(0));
    run.signal("-CONT");
    run.wait()
}

#[test]
fn a_disk_that_is_full_at_the_verdict_has_space_for_the_commit() {
    let (site, disk) = Site::on_disk(100);
    let target = Target::new(site);
    full_at_the_verdict(&target, &disk, false).is(0);
    target.judge(End::Committed);
}

#[test]
fn a_verdict_that_does_not_fit_on_the_disk_is_no_commit() {
    let (site, disk) = Site::on_disk(100);
    let target = Target::new(site);
    let run = full_at_the_verdict(&target, &disk, true).is(20);
    run.says("the target cannot write the verdict down").says("is full").says("settle -e test --retry");
    assert!(target.data().contains("phone"), "nothing is overwritten");
    disk.empty();
    target.cut(|| target.backstay(&["settle", "--retry", "--json"])).is(10);
    target.judge(End::RolledBack);
}

/// Sixteen megabytes that a copy has to take along.
const LONG: &str = "CREATE TABLE logs (id INT PRIMARY KEY AUTO_INCREMENT, text TEXT);
    INSERT INTO logs SELECT seq, REPEAT(MD5(RAND()), 30) FROM seq_1_to_16000";

/// The step that meets the full disk fails, or the server aborts on it. Then there is room again, and the server is started again
/// as its supervisor would.
#[track_caller]
fn make_room_once_it_is_met(target: &Target, disk: &Disk, server: &MariaDb, step: &str) {
    let has_failed = |journal: &String| journal.lines().any(|line| line.contains(&format!("-{step} 1 ")));
    eventually("the full disk is met", || target.journals().last().is_some_and(has_failed) || !server.answers());
    disk.empty();
    if !server.answers() {
        server.kill();
        server.start_again();
    }
}

/// What happens to a target while its disks fill.
type OnBoth<'a> = &'a (dyn Fn(&Target, &Disk, &MariaDb) + Sync);

#[test]
fn a_disk_that_fills_up_under_the_database_is_rolled_back_and_gives_back_its_space() {
    // the probe sees room enough; then somebody else takes it
    let copying = |target: &Target, disk: &Disk, server: &MariaDb| {
        let (runs, free_kb) = (target.list(".backstay/runs").len(), disk.free_kb());
        let run = target.start(&["good"]);
        eventually("it has begun", || target.list(".backstay/runs").len() > runs);
        // more than the copy takes: it is stopped before the disk is full, on which the server would abort
        target.cut(|| disk.fill(40_000));
        run.wait().is(10).says("database main could not be copied").says("copying was stopped before it is full");
        assert!(server.answers(), "the server has aborted");
        disk.empty();
        assert!(disk.free_kb() + GROWN_KB > free_kb, "{} of {free_kb} kB are free", disk.free_kb());
        target.judge(End::RolledBack);
    };
    // all rows change after the copy, so that the seal has to copy them again
    let sealing = |target: &Target, disk: &Disk, server: &MariaDb| {
        let run = target.deploy_until("before-protect", &["good"]);
        target.schema().query("UPDATE logs SET text = REPEAT(MD5(RAND()), 60)");
        let before = target.data();
        target.cut(|| disk.fill(0));
        target.go_on("before-protect");
        make_room_once_it_is_met(target, disk, server, "protect");
        run.wait().is(10).says("database main could not be sealed");
        assert!(target.data() == before && target.get("/").0 == 200);
        let run_id = target.run_id().to_lowercase().replace('-', "_");
        assert!(!target.schema().beside().iter().any(|name| name.contains(&run_id)), "{:?}", target.schema().beside());
    };
    let cases: [(&str, OnBoth<'_>); 2] = [("copying", &copying), ("sealing", &sealing)];
    each_case(2, &cases, |step, course| {
        let folder = servers().folder.join(format!("mariadb-full-{step}"));
        let (own, disk) = OwnMariaDb::on_disk(folder, 300);
        let site = Site::on(own.0);
        site.schema().query(LONG);
        course(&Target::new(site), &disk, own.0);
    });
}

/// Bytes that no compression makes smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom").expect("there is one"), &mut noise)
        .expect("endless");
    noise
}
