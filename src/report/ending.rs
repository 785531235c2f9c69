//! The end in words: how it ended and why, what is live, what users saw, what to look at and do next.

use super::time;
use crate::model::{Cause, Data, Outcome, OutcomeReport, RunKind};

/// The end in a few sentences: the outcome, why, what is live, what users saw (foreign words in it are not escaped). `refusals`
/// are the reasons that were shown above it.
pub fn sentence(report: &OutcomeReport, refusals: usize) -> String {
    let reason = report.reason.trim_end().trim_end_matches('.').trim_end();
    let site = || format!("{}{}", site(report), seen(report));
    // `rolled back: migrate failed: …`, `rolled back during migrate: …`
    let because = match (report.cause, &report.failed_step) {
        (Cause::Stop, Some(_)) => format!(" {}", report.why()),
        (Cause::Stop | Cause::Failure, _) => format!(": {}", report.why()),
    };
    match report.outcome {
        Outcome::Committed => format!("committed: {reason}. {}", site()),
        Outcome::RolledBack => format!("rolled back{because}. {}", site()),
        Outcome::Cancelled if report.run.is_none() => format!("cancelled: {reason}. Nothing was changed."),
        Outcome::Cancelled => format!("cancelled{because}. {}", site()),
        Outcome::Stuck => {
            let site = if report.maintenance { "Users see maintenance, and" } else { "Users are not in maintenance;" };
            format!("STUCK: {}. {site} nothing more is touched until a person has looked.", report.why())
        }
        Outcome::Refused => match refusals {
            0 => format!("refused: {reason}. Nothing was changed."),
            1 => "refused for the reason above. Nothing was changed.".to_owned(),
            many => format!("refused for the {many} reasons above. Nothing was changed."),
        },
        Outcome::Locked => format!("locked: {reason}. Nothing was changed."),
        Outcome::InDoubt => format!("in doubt: {reason}."),
    }
}

/// What to look at and do: what for, and the command.
///
/// `failed` is the step whose output was shown.
pub fn next(
    report: &OutcomeReport,
    environment: &str,
    failed: Option<&str>,
    refusals: usize,
) -> Vec<(&'static str, String)> {
    let log = match (&report.run, &report.failed_step) {
        (Some(run), Some(step)) if failed == Some(step) => {
            Some(("full log", format!("backstay logs {run} {step} -e {environment}")))
        }
        (Some(run), _) => Some(("full log", format!("backstay logs {run} -e {environment}"))),
        (None, _) => None,
    };
    let status = format!("backstay status -e {environment}");
    let mut lines = Vec::new();
    match report.outcome {
        Outcome::Committed => {}
        Outcome::Refused => {
            lines.extend((refusals > 1).then(|| ("see all again", format!("backstay plan --probe -e {environment}"))));
        }
        Outcome::RolledBack => {
            lines.extend(log);
            let command = match report.kind {
                RunKind::FirstDeploy | RunKind::Deploy => Some("deploy"),
                RunKind::Rollback => Some("rollback"),
                RunKind::Restore => Some("backup list"),
                RunKind::Beside => None,
            };
            let again = |command| ("once it is mended", format!("backstay {command} -e {environment}"));
            lines.extend(command.map(again));
        }
        Outcome::Cancelled => lines.extend(log),
        Outcome::Stuck => {
            lines.extend(log);
            lines.push(("the cause is mended", format!("backstay settle -e {environment} --retry")));
            let accept = format!("backstay settle -e {environment} --accept committed|rolled-back --yes");
            lines.push(("mended by hand", accept));
        }
        Outcome::Locked => {
            lines.push(("see how it goes", status));
            lines.push(("make it roll back", format!("backstay abort -e {environment}")));
        }
        Outcome::InDoubt => {
            lines.push(("see how it goes", status));
            lines.push(("bring it to its end", format!("backstay settle -e {environment}")));
        }
    }
    lines
}

/// What is live, with which data.
fn site(report: &OutcomeReport) -> String {
    match (report.kind, report.outcome, report.data) {
        (RunKind::Beside, Outcome::Committed, _) => return "The site and its data were not touched.".to_owned(),
        (RunKind::Beside, _, _) => {
            return "The site and its data were not touched, and nothing of the run is left.".to_owned();
        }
        (RunKind::Restore, Outcome::Committed, _) => return "The restored data is live.".to_owned(),
        (RunKind::Restore, _, Data::Restored) => return "The data from before is live again, compared.".to_owned(),
        (RunKind::Restore, _, _) => return "The live data was not touched.".to_owned(),
        (RunKind::FirstDeploy | RunKind::Deploy | RunKind::Rollback, _, _) => {}
    }
    let live = match report.outcome {
        Outcome::Committed if report.kind == RunKind::Rollback => "The earlier version is live",
        Outcome::Committed => "The new version is live",
        // a first deploy goes back to nothing
        Outcome::RolledBack
        | Outcome::Cancelled
        | Outcome::Stuck
        | Outcome::Refused
        | Outcome::Locked
        | Outcome::InDoubt => match report.kind {
            RunKind::FirstDeploy => "No version is live, as before",
            RunKind::Deploy | RunKind::Restore | RunKind::Beside => "The old version is live",
            RunKind::Rollback => "The version from before this rollback is live",
        },
    };
    let data = match (report.outcome, report.data) {
        (Outcome::Committed, Data::Migrated) => " with its migrated data",
        (Outcome::Committed, Data::Restored) => " with the data that it had",
        (_, Data::Restored) if report.kind == RunKind::FirstDeploy => "; the data are as before, compared",
        (_, Data::Restored) => " with its data, compared",
        (_, Data::Untouched) => ", the data was not touched",
        (Outcome::Committed, Data::KeptMigrated) => ", the data stays migrated",
        (_, Data::KeptMigrated) => "; what the migration did to the data STAYS",
        (_, Data::Migrated) => "",
    };
    format!("{live}{data}.")
}

/// What users saw, and see.
fn seen(report: &OutcomeReport) -> String {
    let back = match report.rollback_ms {
        Some(ms) if report.outcome != Outcome::Committed => format!("; going back took {}", time::duration(ms)),
        Some(_) | None => String::new(),
    };
    let saw = match report.downtime_ms {
        // without a version there was nothing to see
        Some(0) if report.maintenance || matches!(report.kind, RunKind::FirstDeploy | RunKind::Beside) => String::new(),
        Some(0) => " Users saw no maintenance.".to_owned(),
        Some(ms) => format!(" Users saw maintenance for {}{back}.", time::duration(ms)),
        None => String::new(),
    };
    let still =
        if report.maintenance { " Users still see maintenance: it was on before the run and was left on." } else { "" };
    format!("{saw}{still}")
}
