//! Where there is no cron: the user's own systemd, a real one, brings the run to its end, and carries the executor where a login
//! ends with all that it started.

use super::{End, Target, cron::CUTS};
use crate::{
    cases::each_case,
    support::{ManagerHost, Site, eventually},
};

#[test]
fn with_both_killed_a_timer_of_systemd_ends_the_run_within_two_minutes() {
    each_case(CUTS.len(), &CUTS, |case, &(end, is_at_boot)| {
        let place = case.split(',').next().unwrap_or(case);
        let site = Site::with_mariadb();
        let mut host = ManagerHost::start(&site);
        host.start_manager();
        let target = Target::new(site);
        let run = target.deploy_until(place, &["good"]);
        assert_eq!(host.units().len(), 3, "two units, and the link that starts one at boot");
        target.cut(|| {
            // all that the user's systemd carries ends with it, the executor too
            if is_at_boot {
                run.signal("-KILL");
                host.stop_manager();
                target.end_executor();
                run.wait();
            } else {
                target.kill_both(run);
            }
        });
        if is_at_boot {
            target.tells("unsettled");
            host.start_manager();
        }
        let took = target.judge(end);
        assert!(took.as_secs() < 120, "{took:?}");
        eventually("the guard takes itself away", || host.units().is_empty());
    });
}

#[test]
fn a_logout_that_ends_every_process_leaves_the_executor_to_its_end() {
    let site = Site::with_mariadb();
    let mut host = ManagerHost::start(&site);
    host.start_manager();
    let target = Target::new(site);
    // nobody else could bring it to an end
    target.configure("runner: { lease: 15s, guard: none }\n");
    let run = target.deploy_until("after-migrate", &["good"]);
    assert_eq!(host.units(), Vec::<String>::new());
    target.cut(|| {
        run.signal("-KILL");
        host.log_out();
        run.wait();
    });
    target.judge(End::RolledBack);
}

#[test]
fn a_logout_that_would_end_the_executor_is_told_before_a_deploy() {
    let site = Site::with_first();
    let _host = ManagerHost::start(&site);
    site.configure("");
    site.deploy("2222222", &[]).is(3).says("KillUserProcesses").says("loginctl enable-linger");
    assert_eq!(site.live_revision().as_deref(), Some("1111111"));
}

/// The words of a unit file are quoted by rules of its own.
#[test]
fn a_timer_starts_what_lies_in_a_folder_of_any_name() {
    let site = Site::empty();
    let mut host = ManagerHost::start(&site);
    host.start_manager();
    let parts = ["lib/user-manager.sh", "executor/guard.sh"];
    let parts = parts.map(|part| format!(". '{}/src/scripts/{part}'\n", env!("CARGO_MANIFEST_DIR"))).concat();
    let script = format!(
        r#"{parts} NEWLINE='
' RUN=named RUN_DIR="$1/50%h of \"\$HOME\" it's \\n \${{x}}/named" GUARD=systemd
nap() {{ sleep "$1"; }}
sync_paths() {{ :; }}
mkdir -p "$RUN_DIR"
printf '%s\n' 'echo "$1" >"${{0%/*}}/ran"' >"$RUN_DIR/executor"
install_guard
n=0
until [ -e "$RUN_DIR/ran" ] || [ "$n" -gt 150 ]; do n=$((n + 1)); sleep 0.2; done
cat "$RUN_DIR/ran"
remove_timers"#
    );
    assert_eq!(host.run_as_user(&script, &site.marks.display().to_string()), "recover\n");
    assert_eq!(host.units(), Vec::<String>::new());
}
