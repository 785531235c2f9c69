//! What is looked at: the target before a run, the site before and during it.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::{
    check::{self, Site, Verdict},
    config::{Check, CheckKind, Config, HttpFrom, Secret},
    machine::{Checked, Goal, Input, Job},
    plan::{self, BackupRequest, Baseline},
    scripts,
    target::{Target, TargetError},
};

/// A probe's reply holds journals of unfinished runs and, for a rollback, of the newest committed ones.
const REPLY_MAX_BYTES: usize = 32 * 1024 * 1024;

/// Looks at the target, and meanwhile at the site. `begun` is told when the target is at it.
pub(super) async fn probe(target: Arc<Target>, job: Arc<Job>, begun: oneshot::Sender<()>) -> Input {
    let purpose = match job.goal {
        Goal::Plan => plan::Purpose::Plan,
        Goal::Rollback(_) | Goal::Drill(_) => plan::Purpose::Rollback,
        Goal::Backup(BackupRequest::Restore(_)) => plan::Purpose::Restore,
        Goal::Backup(BackupRequest::Prune(_)) => plan::Purpose::Prune,
        Goal::Backup(BackupRequest::Create | BackupRequest::Try(_)) => plan::Purpose::Backup,
        Goal::Deploy | Goal::Settle { .. } | Goal::Abort => plan::Purpose::Deploy,
    };
    let tar = match plan::probe(&job.config, &job.request, purpose) {
        Ok(tar) => tar,
        Err(error) => return Input::ProbeFailed(format!("the probe could not be packed: {error}")),
    };
    let path = job.config.environment.path.clone();
    let args = [path.as_str()];
    let ask = async {
        let channel = target.open(scripts::PROBE_START, &args).await?;
        let _ = begun.send(());
        channel.run(&tar, REPLY_MAX_BYTES).await
    };
    let (asked, baseline) = tokio::join!(ask, baseline(&target, &job));
    match asked {
        Ok(output) if output.is_success() => {
            Input::Probed { reply: Box::new(scripts::Reply::parse(&output.stdout)), baseline }
        }
        Ok(output) => {
            Input::ProbeFailed(format!("the probe failed with exit {}: {}", output.status, output.stderr.trim()))
        }
        Err(TargetError::LinkLost) => {
            Input::ProbeFailed("the link to the target was lost while it was looked at".to_owned())
        }
        Err(error) => Input::ProbeFailed(super::chain(&error)),
    }
}

/// What the live version makes of the http checks on the site itself: those that it passes it owes after a rollback.
async fn baseline(target: &Target, job: &Job) -> Vec<Baseline> {
    match job.goal {
        Goal::Deploy | Goal::Plan | Goal::Rollback(_) | Goal::Drill(_) | Goal::Backup(BackupRequest::Restore(_)) => {}
        Goal::Settle { .. } | Goal::Abort | Goal::Backup(_) => return Vec::new(),
    }
    let Some(site) = site(&job.config, None, None) else { return Vec::new() };
    let mut all = Vec::new();
    for check in &job.config.smoke.checks {
        let CheckKind::Http(http) = &check.kind else { continue };
        let once = Check { attempts: 1, ..check.clone() };
        if http.http.starts_with('/') {
            let verdict = check::check(&once, &site, from(&job.config, target)).await;
            all.push(Baseline { path: http.http.clone(), fault: (!verdict.passed).then_some(verdict.note) });
        }
    }
    all
}

/// Every check that is the runner's, through the maintenance bypass.
pub(super) async fn smoke(target: Arc<Target>, job: Arc<Job>, revision: Option<String>) -> Input {
    let mut checked = Vec::new();
    // What touches neither code nor data says nothing of the site.
    if matches!(job.goal, Goal::Backup(_)) && !is_restore(&job.goal) {
        return Input::Smoked(checked);
    }
    // What an earlier tool has laid out may not say what it is; going back to it must not fail for that.
    let is_unknown = revision.is_none() && (matches!(job.goal, Goal::Rollback(_)) || is_restore(&job.goal));
    let site = site(&job.config, Some(&job.request.bypass), revision);
    for check in &job.config.smoke.checks {
        match &check.kind {
            CheckKind::Command { .. } => {}
            CheckKind::Http(_) | CheckKind::Revision(_) | CheckKind::Tls { .. } => {
                let verdict = match &site {
                    Some(site) => check::check(check, site, from(&job.config, &target)).await,
                    None => Verdict::unmade(check, "the environment has no url"),
                };
                checked.push(Checked {
                    check: verdict.name,
                    passed: verdict.passed,
                    required: verdict.required && !(is_unknown && matches!(check.kind, CheckKind::Revision(_))),
                    note: verdict.note,
                    duration_ms: verdict.duration_ms,
                });
            }
        }
    }
    Input::Smoked(checked)
}

fn is_restore(goal: &Goal) -> bool {
    matches!(goal, Goal::Backup(BackupRequest::Restore(_)))
}

fn site(config: &Config, bypass: Option<&Secret>, revision: Option<String>) -> Option<Site> {
    let environment = &config.environment;
    Some(Site::new(
        environment.url.clone()?,
        revision,
        environment.http.headers.clone(),
        environment.http.resolve.clone(),
        bypass.cloned(),
    ))
}

fn from<'a>(config: &'a Config, target: &'a Target) -> check::From<'a> {
    match config.environment.http.from {
        HttpFrom::Runner => check::From::Runner,
        HttpFrom::Target => check::From::Target(target, &config.php),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{config, request};

    #[tokio::test]
    async fn a_check_that_cannot_be_made_has_failed() {
        let mut config = config("smoke: { checks: [ { http: / } ] }");
        config.environment.url = None;
        let target = Arc::new(Target::connect(&config.environment).await.expect("this machine"));
        let job = Arc::new(Job { config, request: request(), goal: Goal::Deploy });
        let Input::Smoked(checks) = smoke(target, job, None).await else { panic!("no checks") };
        assert_eq!(checks.len(), 1);
        assert!(checks[0].required && !checks[0].passed, "{checks:?}");
    }
}
