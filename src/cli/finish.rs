//! The end of a job → what is shown and the exit code.

use super::{FAULT, Global, USAGE, context, probed::Probed};
use crate::{
    artifact::Parcel,
    config::Config,
    drive::{drive, now_ms},
    machine::{Finish, Goal, Job},
    model::{Event, EventKind},
    plan::Request,
    report::json_line,
};

/// Drives a job to its end, and shows that.
pub(super) async fn carry_out(
    global: &Global,
    config: Config,
    request: Request,
    goal: Goal,
    parcel: Option<Parcel>,
) -> anyhow::Result<u8> {
    let mut reporter = context::reporter(global, &config.environment.name);
    if let Some(job) = &global.job {
        job.announce(&config, goal.as_str());
    }
    let run = matches!(goal, Goal::Deploy | Goal::Rollback(_) | Goal::Drill(_) | Goal::Backup(_))
        .then(|| request.run.clone());
    let opened = EventKind::Opened {
        command: goal.as_str().to_owned(),
        app: config.app.clone(),
        environment: config.environment.name.clone(),
        revision: request.revision.clone(),
    };
    reporter.event(&Event { at_ms: now_ms(), run: run.clone(), kind: opened });
    let asked = (goal == Goal::Plan).then(|| (config.clone(), request.clone()));
    let finish = drive(Job { config, request, goal }, parcel, &mut reporter).await;
    match finish {
        Finish::Outcome(report) => {
            let code = report.outcome.exit_code();
            let run = report.run.clone().or(run);
            reporter.event(&Event { at_ms: now_ms(), run, kind: EventKind::Outcome(report) });
            Ok(code)
        }
        Finish::Nothing(report) => {
            let code = report.outcome.exit_code();
            reporter.nothing(&Event { at_ms: now_ms(), run, kind: EventKind::Outcome(report.clone()) }, &report.reason);
            Ok(code)
        }
        Finish::Usage(text) => {
            reporter.close();
            context::complain(global, &text);
            Ok(USAGE)
        }
        Finish::Fault(text) => {
            reporter.close();
            context::complain(global, &text);
            Ok(FAULT)
        }
        Finish::Planned { facts, plan } => {
            reporter.close();
            let Some((config, request)) = asked else { return Ok(FAULT) };
            let probed = Probed { config: &config, request: &request, facts: &facts, plan: &plan };
            if global.json {
                println!("{}", json_line(&probed.json()));
            } else {
                context::show(global, &probed.text());
            }
            Ok(probed.exit_code())
        }
    }
}
