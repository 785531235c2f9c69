//! The executor: one file on the target, made of the parts under `executor/`.

/// The executor's text. Its parts and what it shares are read in this order; the last one calls `main`.
pub fn executor() -> &'static str {
    concat!(
        include_str!("executor/head.sh"),
        "\n",
        include_str!("executor/clock.sh"),
        "\n",
        include_str!("executor/child.sh"),
        "\n",
        include_str!("executor/journal.sh"),
        "\n",
        include_str!("executor/process.sh"),
        "\n",
        include_str!("executor/guard.sh"),
        "\n",
        include_str!("executor/orders.sh"),
        "\n",
        include_str!("executor/steps.sh"),
        "\n",
        include_str!("executor/recovery.sh"),
        "\n",
        include_str!("lib/run-states.sh"),
        "\n",
        include_str!("lib/cron.sh"),
        "\n",
        include_str!("lib/user-manager.sh"),
        "\n",
        include_str!("executor/main.sh"),
    )
}

/// The runner's line to one run; see the head of `link.sh` for its language.
pub const LINK: &str = concat!(include_str!("lib/user-manager.sh"), "\n", include_str!("link.sh"));
