//! The migration itself is ended from outside, or the old version was broken before.

use super::{End, Target};
use crate::{
    cases::each_case,
    support::{Site, eventually},
};

#[test]
fn a_migration_that_is_killed_on_the_server_is_given_back() {
    let cases = ["KILL QUERY", "KILL CONNECTION", "php out of memory"].map(|killer| (killer, ()));
    each_case(cases.len(), &cases, |killer, ()| {
        let target = Target::new(Site::with_mariadb());
        let run = target.start(&["long"]);
        eventually("the server works on the statement", || target.schema().works_on("SLEEP"));
        target.cut(|| {
            // Laravel connects again and repeats the statement: until it gives up
            eventually("the migration has failed", || {
                match killer {
                    "php out of memory" => target.kill("artisan migrate"),
                    _ => target.schema().end_statements(killer, "SLEEP"),
                }
                target.journals().last().is_some_and(|journal| journal.contains(" abort "))
            });
        });
        let run = run.wait().is(10);
        println!("{}", run.stderr);
        assert_eq!(run.outcome()["failed_step"], "migrate");
        target.judge(End::RolledBack);
        assert!(!target.schema().works_on("SLEEP"), "what outlived its client is ended");
    });
}

#[test]
fn an_old_version_that_was_broken_before_is_given_back_as_it_was_with_a_warning() {
    let site = Site::new_on_mariadb();
    site.configure("smoke: { checks: [] }\n");
    site.deploy_of(&["broken"], "1111111", &[]).is(0);
    let before = (site.get("/").0, site.data());
    assert_eq!(before.0, 500);
    site.configure("");
    let run = site.deploy_of(&["bad"], "2222222", &[]).is(10);
    run.says("the live version fails GET /api/v1/health already (status 500");
    println!("{}", run.stderr);
    assert_eq!((site.get("/").0, site.data()), before);
    site.backstay(&["status", "--exit-code"]).is(10).says("the old version is live with its data");
}
