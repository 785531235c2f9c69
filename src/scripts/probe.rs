//! What looks at a target and changes nothing.

macro_rules! runs {
    () => {
        concat!(
            include_str!("lib/run-states.sh"),
            "\n",
            include_str!("lib/runs.sh"),
            "\n",
            include_str!("lib/archive.sh"),
            "\n",
            include_str!("lib/backups.sh")
        )
    };
}

/// Unpacks a probe from standard input and runs it; `$1` is the path.
pub const PROBE_START: &str = include_str!("probe/start.sh");
/// The probe of a deploy.
pub const PROBE: &str = include_str!("probe/probe.sh");
/// What the looking scripts know of runs, and of what there is to restore from.
pub const RUNS: &str = runs!();
/// Whether a cron runs.
pub const CRON: &str = include_str!("lib/cron.sh");
/// The user's own systemd.
pub const USER_MANAGER: &str = include_str!("lib/user-manager.sh");
/// One GET from the target; `$1` is how long it may take, in seconds.
pub const REQUEST: &str = concat!(include_str!("lib/address.sh"), "\n", include_str!("probe/request.sh"));
/// What a drill does from outside; usage at its head.
pub const DRILL: &str = concat!(
    include_str!("lib/run-states.sh"),
    "\n",
    include_str!("lib/runs.sh"),
    "\n",
    include_str!("drill/outside.sh")
);
/// Runs, their logs, archives; usage at its head.
pub const LOOK: &str = concat!(runs!(), "\n", include_str!("probe/look.sh"));
