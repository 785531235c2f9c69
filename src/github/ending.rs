//! What a run tells GitHub: pure.
//!
//! - A deployment is made when the target has taken the run over, not before: what was refused, or came while another run was
//!   in progress, touched nothing, and the job's own failure says so. That also keeps a refusal from covering up what an
//!   earlier attempt with the same key came to.
//! - Rolled back and cancelled are `failure`. The deployment before it was never set inactive (GitHub does that, and
//!   [`super::Deployments`] does, on `success` alone), so that GitHub goes on showing it as the active one, which it is.
//! - Stuck and in doubt are `error`: what is live is not certain.
//! - A rollback after the commit is a deployment of its own that ends in `success`; it makes the undone one inactive.

use super::status::{State, Status};
use crate::{
    model::{Data, EventKind, Outcome, OutcomeReport, RunKind},
    report::time::duration,
};

/// The last word on a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// There was a run; this is how it ended.
    Post(Status),
    /// Nothing was touched: said only where `in_progress` has been said, so that this does not stand for ever.
    OnlyIfBegun(Status),
}

impl Ending {
    /// How that outcome is told.
    pub fn of(report: &OutcomeReport) -> Self {
        let post = |state, text: String| Self::Post(Status::new(state, &text));
        let nothing = |text: String| Self::OnlyIfBegun(Status::new(State::Failure, &text));
        match report.outcome {
            Outcome::Committed => post(State::Success, committed(report)),
            Outcome::RolledBack => post(State::Failure, format!("rolled back, {}: {}", back(report), report.why())),
            Outcome::Cancelled if report.run.is_none() => nothing(format!("cancelled: {}", report.why())),
            Outcome::Cancelled => post(State::Failure, format!("cancelled, {}: {}", back(report), report.why())),
            Outcome::Stuck => {
                let site = if report.maintenance { "users see maintenance" } else { "users are not in maintenance" };
                post(State::Error, format!("stuck, a person is needed, {site}: {}", report.why()))
            }
            Outcome::InDoubt => {
                post(State::Error, "in doubt: the end was not seen from here; the target goes on alone".to_owned())
            }
            Outcome::Refused => nothing(format!("refused, nothing was touched: {}", report.why())),
            Outcome::Locked => nothing(format!("locked, nothing was touched: {}", report.why())),
        }
    }
}

impl Status {
    /// What an event says of the deployment: that the target has taken it over, or that it is going back.
    pub fn of(event: &EventKind) -> Option<Self> {
        match event {
            EventKind::Taken { .. } => {
                Some(Self::new(State::InProgress, "the target carries it out, and ends or undoes it even alone"))
            }
            EventKind::Undoing { reason } => Some(Self::new(State::InProgress, &format!("rolling back: {reason}"))),
            EventKind::Opened { .. }
            | EventKind::PhaseBegun { .. }
            | EventKind::PhaseEnded { .. }
            | EventKind::StepBegun { .. }
            | EventKind::StepOutput { .. }
            | EventKind::StepEnded { .. }
            | EventKind::MaintenanceOn
            | EventKind::MaintenanceOff { .. }
            | EventKind::Commit
            | EventKind::Restored
            | EventKind::Checked { .. }
            | EventKind::Warning { .. }
            | EventKind::Refusal { .. }
            | EventKind::Link { .. }
            | EventKind::FailureOutput { .. }
            | EventKind::Outcome(_) => None,
        }
    }
}

fn committed(report: &OutcomeReport) -> String {
    let what = match report.kind {
        RunKind::FirstDeploy | RunKind::Deploy => "committed",
        RunKind::Rollback => "an earlier version is live again",
        RunKind::Restore => "the data are restored",
        RunKind::Beside => "done",
    };
    let data = match report.data {
        Data::Migrated => ", data migrated",
        Data::Restored | Data::Untouched | Data::KeptMigrated => "",
    };
    let maintenance = match report.downtime_ms {
        _ if report.maintenance => ", users still see maintenance".to_owned(),
        None | Some(0) => String::new(),
        Some(ms) => format!(", users saw maintenance for {}", duration(ms)),
    };
    format!("{what}{data}{maintenance}: {}", report.reason)
}

fn back(report: &OutcomeReport) -> &'static str {
    match report.kind {
        _ if report.maintenance => "users still see maintenance",
        RunKind::FirstDeploy => "no version is live",
        RunKind::Restore => "the data from before are live",
        RunKind::Beside => "the site was not touched",
        RunKind::Rollback => "the version from before it is live",
        RunKind::Deploy => match report.data {
            Data::KeptMigrated => "the old version is live with the migrated data",
            Data::Migrated | Data::Restored | Data::Untouched => "the old version is live with its data",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, Fence, Phase, Proof, RunId};

    fn report(outcome: Outcome) -> OutcomeReport {
        OutcomeReport {
            outcome,
            reason: "exit 1".to_owned(),
            failed_step: Some("migrate".to_owned()),
            committed: false,
            maintenance: false,
            data: Data::Restored,
            proof: Proof::Exact,
            fence: Fence::Exclusive,
            downtime_ms: Some(4300),
            rollback_ms: Some(200),
            release: None,
            previous_release: None,
            kind: RunKind::Deploy,
            cause: Cause::Failure,
            run: RunId::try_from("20261123T101500Z-3f2a1c9".to_owned()).ok(),
        }
    }

    #[track_caller]
    fn assert_posts(report: &OutcomeReport, state: State, description: &str) {
        assert_eq!(Ending::of(report), Ending::Post(Status::new(state, description)));
        assert!(description.chars().count() <= 140, "the claim is about the whole text");
    }

    #[test]
    fn a_commit_is_a_success_that_says_what_users_saw() {
        let reason = "every step and every required check passed".to_owned();
        let committed = OutcomeReport {
            reason,
            failed_step: None,
            committed: true,
            data: Data::Migrated,
            ..report(Outcome::Committed)
        };
        assert_posts(
            &committed,
            State::Success,
            "committed, data migrated, users saw maintenance for 4.3 s: every step and every required check passed",
        );
        let open = OutcomeReport { downtime_ms: None, data: Data::Untouched, ..committed.clone() };
        assert_posts(&open, State::Success, "committed: every step and every required check passed");
        let back = OutcomeReport { kind: RunKind::Rollback, downtime_ms: Some(0), data: Data::Restored, ..committed };
        assert_posts(
            &back,
            State::Success,
            "an earlier version is live again: every step and every required check passed",
        );
    }

    #[test]
    fn a_rollback_is_a_failure_of_this_deployment_that_says_what_is_live() {
        let failed = report(Outcome::RolledBack);
        assert_posts(
            &failed,
            State::Failure,
            "rolled back, the old version is live with its data: migrate failed: exit 1",
        );
        let kept = OutcomeReport { data: Data::KeptMigrated, ..failed.clone() };
        assert_posts(
            &kept,
            State::Failure,
            "rolled back, the old version is live with the migrated data: migrate failed: exit 1",
        );
        let first = OutcomeReport { kind: RunKind::FirstDeploy, ..failed };
        assert_posts(&first, State::Failure, "rolled back, no version is live: migrate failed: exit 1");
    }

    #[test]
    fn a_cancelled_run_is_a_failure_that_says_cancelled() {
        let cause = Cause::Stop;
        let cancelled = OutcomeReport { cause, reason: "asked for by Ctrl-C".to_owned(), ..report(Outcome::Cancelled) };
        assert_posts(
            &cancelled,
            State::Failure,
            "cancelled, the old version is live with its data: during migrate: asked for by Ctrl-C",
        );
    }

    #[test]
    fn stuck_and_in_doubt_are_errors() {
        let stuck = OutcomeReport {
            maintenance: true,
            reason: "the copy could not be given back".to_owned(),
            ..report(Outcome::Stuck)
        };
        assert_posts(
            &stuck,
            State::Error,
            "stuck, a person is needed, users see maintenance: the copy could not be given back",
        );
        assert_posts(
            &report(Outcome::InDoubt),
            State::Error,
            "in doubt: the end was not seen from here; the target goes on alone",
        );
    }

    #[test]
    fn what_touched_nothing_ends_only_what_had_begun() {
        let unrun = |outcome| OutcomeReport { run: None, failed_step: None, ..report(outcome) };
        for (outcome, text) in [
            (Outcome::Refused, "refused, nothing was touched: exit 1"),
            (Outcome::Locked, "locked, nothing was touched: exit 1"),
            (Outcome::Cancelled, "cancelled: exit 1"),
        ] {
            let expected = Ending::OnlyIfBegun(Status::new(State::Failure, text));
            assert_eq!(Ending::of(&unrun(outcome)), expected);
        }
    }

    #[test]
    fn it_is_in_progress_once_the_target_has_it() {
        let ended = |phase| EventKind::PhaseEnded { phase, note: String::new(), duration_ms: 1 };
        assert_eq!(Status::of(&ended(Phase::Probe)), None);
        assert_eq!(Status::of(&EventKind::PhaseBegun { phase: Phase::Arm }), None);
        assert_eq!(
            Status::of(&EventKind::Taken { revision: None }).map(|status| status.state()),
            Some(State::InProgress)
        );
        let undoing = Status::of(&EventKind::Undoing { reason: "migrate failed".to_owned() });
        assert_eq!(undoing, Some(Status::new(State::InProgress, "rolling back: migrate failed")));
    }
}
