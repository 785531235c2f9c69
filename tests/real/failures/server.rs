//! The database server dies in the middle of a step, and comes back, or does not.

use super::{End, Target};
use crate::{
    cases::each_case,
    support::{Finished, MariaDb, OwnMariaDb, Running, Site, eventually, servers},
};

fn restart(server: &MariaDb) {
    server.kill();
    server.start_again();
}

/// Runs up to a hook, and on from there while somebody else's lock holds the next statement up; that one is met by the restart.
fn restart_during(
    server: &MariaDb,
    target: &Target,
    hook: &str,
    lock: &str,
    go_on: impl FnOnce(&Running),
    statement: &str,
) -> Finished {
    let run = target.deploy_until(hook, &["good"]);
    let _lock = target.schema().start_as_root(&format!("LOCK TABLES customers {lock}; SELECT SLEEP(100)"));
    eventually("it is locked", || server.works_on("root", "SLEEP"));
    go_on(&run);
    eventually(statement, || server.works_on(&target.schema().name, statement));
    target.cut(|| restart(server));
    run.wait()
}

/// What is done while a server restarts.
type During<'a> = &'a (dyn Fn(&MariaDb, &Target) + Sync);

#[test]
fn a_database_server_that_dies_means_one_of_the_two_states_or_stuck_until_it_is_back() {
    let between = |server: &MariaDb, target: &Target| {
        let run = target.start(&["good", "slow"]);
        eventually("the migration waits", || target.data().contains("telex"));
        target.cut(|| restart(server));
        std::fs::write(target.path.join("shared/storage/go-on"), "").expect("ours");
        run.wait().is(0);
    };
    let during_migrate = |server: &MariaDb, target: &Target| {
        let go_on = |_: &Running| target.go_on("before-migrate");
        restart_during(server, target, "before-migrate", "READ", go_on, "alter table").is(10).says("migrate failed");
    };
    let during_seal = |server: &MariaDb, target: &Target| {
        let go_on = |_: &Running| target.go_on("before-protect");
        restart_during(server, target, "before-protect", "WRITE", go_on, "LOCK TABLES").is(10).says("protect failed");
    };
    let during_restore = |server: &MariaDb, target: &Target| {
        let cancel = |run: &Running| run.signal("-INT");
        restart_during(server, target, "after-migrate", "READ", cancel, "RENAME TABLE")
            .is(11)
            .says("with its data, compared");
    };
    let away = |server: &MariaDb, target: &Target| {
        let run = target.deploy_until("after-migrate", &["good"]);
        let migrated = target.data();
        target.cut(|| server.kill());
        run.signal("-INT");
        let reason = run.wait().is(20).says("settle -e test --retry").outcome()["reason"].to_string();
        let words = "database main could not be restored: the database server does not answer";
        assert!(reason.contains(words), "{reason}");
        target.backstay(&["settle"]).is(20);
        server.start_again();
        assert_eq!(target.data(), migrated, "nothing is overwritten");
        target.judge(End::Stuck);
        target.cut(|| target.backstay(&["settle", "--retry", "--json"])).is(11);
    };
    let cases: [(&str, (During<'_>, End)); 5] = [
        ("between two statements", (&between, End::Committed)),
        ("migrate", (&during_migrate, End::RolledBack)),
        ("seal", (&during_seal, End::RolledBack)),
        ("restore", (&during_restore, End::RolledBack)),
        ("away", (&away, End::RolledBack)),
    ];
    each_case(cases.len(), &cases, |step, &(during, end)| {
        let own = OwnMariaDb::start(servers().folder.join(format!("mariadb-{}", step.replace(' ', "-"))));
        let target = Target::new(Site::on(own.0));
        during(own.0, &target);
        target.judge(end);
    });
}

#[test]
fn a_server_that_is_away_when_it_is_tidied_is_waited_for_and_keeps_no_old_copy() {
    let own = OwnMariaDb::start(servers().folder.join("mariadb-tidy"));
    let target = Target::new(Site::on(own.0));
    let run = target.deploy_until("before-tidy", &["good"]);
    target.cut(|| own.0.kill());
    target.go_on("before-tidy");
    let log = target.path.join(".backstay/runs").join(target.run_id()).join("log/finish-06-tidy.log");
    eventually("it is tidied", || log.exists());
    // long enough for every question to be asked once
    std::thread::sleep(std::time::Duration::from_secs(1));
    own.0.start_again();
    run.wait().is(0);
    target.judge(End::Committed);
    let beside = target.beside();
    assert!(matches!(&beside[..], [copy] if copy.ends_with("2222222")), "{beside:?}");
}
