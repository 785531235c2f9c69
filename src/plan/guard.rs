//! What will start recovery on the target when the executor is dead, by what the probe found there.

use super::Facts;
use crate::config::{Config, Guard};

/// `cron` or `systemd`, or why it is neither; nothing where nobody looked, or none is wanted.
pub fn guard(config: &Config, facts: &Facts) -> Option<Result<&'static str, String>> {
    let (cron, manager) = (cron(facts.guard.as_deref()?), manager(facts.user_manager.as_deref()));
    Some(match config.runner.guard {
        Guard::Auto => cron.or_else(|no_cron| manager.map_err(|no_manager| format!("{no_cron}, and {no_manager}"))),
        Guard::Cron => cron.map_err(str::to_owned),
        Guard::Systemd => manager.map_err(str::to_owned),
        Guard::None => return None,
    })
}

fn cron(found: &str) -> Result<&'static str, &'static str> {
    match found {
        "cron" => Ok("cron"),
        "no-crontab" => Err("there is no crontab command"),
        "denied" => Err("this user may not use crontab (/etc/cron.allow, /etc/cron.deny)"),
        _ => Err("no cron runs"),
    }
}

fn manager(found: Option<&str>) -> Result<&'static str, &'static str> {
    match found {
        Some("stays") => Ok("systemd"),
        Some("leaves") => Err("systemd ends what this user runs with the login (as root: loginctl enable-linger USER)"),
        Some("silent") => Err("this user's systemd does not answer (systemctl --user)"),
        _ => Err("there is no systemd"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::config;

    #[test]
    fn a_cron_that_runs_comes_before_systemd_and_neither_is_told_with_both_reasons() {
        let guarded = |wanted, cron: &str, manager: &str| {
            let mut config = config("");
            config.runner.guard = wanted;
            let facts =
                Facts { guard: Some(cron.to_owned()), user_manager: Some(manager.to_owned()), ..Facts::default() };
            guard(&config, &facts)
        };
        assert_eq!(guarded(Guard::Auto, "cron", "stays"), Some(Ok("cron")));
        assert_eq!(guarded(Guard::Auto, "stopped", "stays"), Some(Ok("systemd")));
        assert_eq!(guarded(Guard::Systemd, "cron", "stays"), Some(Ok("systemd")));
        assert!(guarded(Guard::Cron, "denied", "stays").is_some_and(|guard| guard.is_err()));
        assert!(guarded(Guard::Systemd, "cron", "silent").is_some_and(|guard| guard.is_err()));
        assert_eq!(guarded(Guard::None, "cron", "stays"), None);
        let fault = guarded(Guard::Auto, "stopped", "leaves").and_then(Result::err).unwrap_or_default();
        assert!(fault.contains("no cron runs") && fault.contains("enable-linger"), "{fault}");
    }
}
