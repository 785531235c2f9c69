//! What follows from a look at the target: begin, refuse, settle first, or leave it to the run that is there.

use super::{Call, CallMode, Effect, Finish, Follow, Goal, Job, Role, State, outcome};
use crate::{
    model::{EventKind, Outcome, OutcomeReport, Phase},
    plan::{self, BackupRequest, Facts, Known, Plan, Refusal, RestoreFrom, RollbackRequest},
};

/// What the probe found decides how it goes on.
pub(super) fn probed(
    job: &Job,
    facts: Facts,
    since_ms: i64,
    now_ms: i64,
    (settled, again): (Option<String>, bool),
) -> (State, Vec<Effect>) {
    let newest = facts.unfinished.first().cloned();
    match &job.goal {
        Goal::Plan => planned(job, facts, newest.as_ref()),
        Goal::Settle { retry, accept } => settle(&facts, newest, *retry, accept.clone(), now_ms),
        Goal::Abort => abort(job, &facts, newest, now_ms),
        Goal::Deploy | Goal::Rollback(_) | Goal::Drill(_) | Goal::Backup(_) => {
            begin(job, &facts, newest, (since_ms, now_ms), (settled, again))
        }
    }
}

/// What a deploy would begin with, or every reason against it; a stuck run is one.
fn planned(job: &Job, facts: Facts, newest: Option<&Known>) -> (State, Vec<Effect>) {
    if let (Some((known, digest)), Some((_, own))) = (&facts.same_key, &job.request.key)
        && digest != own
    {
        return done(vec![], Finish::Usage(key_changed(&known.run)));
    }
    let plan = match (make(job, &facts), newest.filter(|known| known.state == "stuck")) {
        (plan, None) => plan.map(Box::new),
        (Ok(_), Some(known)) => Err(vec![stuck_refusal(job, known)]),
        (Err(others), Some(known)) => Err([vec![stuck_refusal(job, known)], others].concat()),
    };
    done(vec![], Finish::Planned { facts: Box::new(facts), plan })
}

fn begin(
    job: &Job,
    facts: &Facts,
    unfinished: Option<Known>,
    (since_ms, now_ms): (i64, i64),
    (settled, again): (Option<String>, bool),
) -> (State, Vec<Effect>) {
    if let Some((known, digest)) = &facts.same_key
        && let Some((_, own)) = &job.request.key
    {
        if digest != own {
            return done(vec![], Finish::Usage(key_changed(&known.run)));
        }
        if known.state == "committed" {
            return done(vec![], Finish::Outcome(already(known, facts)));
        }
    }
    match unfinished {
        Some(known) if known.state == "running" => return done(vec![], Finish::Outcome(locked(&known))),
        Some(known) if known.state == "stuck" => return refused(vec![stuck_refusal(job, &known)], facts),
        Some(known) if settled.is_none() => {
            let text = format!("run {} was left without an end; it is settled first", known.run);
            let (state, mut effects) = recover(&known, Role::Settler { then_deploy: true }, CallMode::Recover, now_ms);
            effects.insert(0, Effect::Emit(EventKind::Warning { text }));
            return (state, effects);
        }
        Some(_) | None => {}
    }
    if let Goal::Rollback(rollback) = &job.goal
        && let Some(question) = undecided(facts, rollback)
    {
        return done(vec![], Finish::Usage(question));
    }
    if let Goal::Backup(BackupRequest::Restore(RestoreFrom::Named { name, archive })) = &job.goal
        && facts.refusals.is_empty()
        && plan::find(&facts.backups, name, *archive).is_none()
    {
        return done(vec![], Finish::Usage(unknown(job, facts, name)));
    }
    match make(job, facts) {
        Err(refusals) => refused(refusals, facts),
        Ok(plan) => {
            let mut effects = vec![Effect::Emit(EventKind::PhaseEnded {
                phase: Phase::Probe,
                note: seen(job, facts),
                duration_ms: u64::try_from(now_ms - since_ms).unwrap_or(0),
            })];
            effects.extend(plan.warnings.iter().map(|text| Effect::Emit(EventKind::Warning { text: text.clone() })));
            effects.push(Effect::Emit(EventKind::PhaseBegun { phase: Phase::Arm }));
            effects.push(Effect::Arm(Box::new(plan.clone())));
            let plan_hash = plan.hash();
            (State::Arming { plan: Box::new(plan), plan_hash, since_ms: now_ms, cancelled: false, again }, effects)
        }
    }
}

/// Going back over a migration needs a word on what becomes of the data.
fn undecided(facts: &Facts, rollback: &RollbackRequest) -> Option<String> {
    let sealed = plan::rollback_span(facts, rollback).ok()?.sealed?;
    rollback.data.is_none().then(|| {
        format!(
            "run {} migrated the data. Say what becomes of it: --code-only keeps it as it is; --discard-writes brings back \
             what it was before that run, and what users wrote since is lost",
            sealed.run
        )
    })
}

/// What there is instead.
fn unknown(job: &Job, facts: &Facts, name: &str) -> String {
    let known: Vec<String> =
        facts.backups.iter().map(|backup| format!("\n  {} ({})", backup.name(), backup.kind.as_str())).collect();
    let environment = &job.config.environment.name;
    if known.is_empty() {
        return format!(
            "there is no file {name} here, and nothing on {environment} to restore from: backstay backup create -e {environment}"
        );
    }
    format!("there is no file {name} here, and nothing of that name on {environment}. There is:{}", known.concat())
}

fn make(job: &Job, facts: &Facts) -> Result<Plan, Vec<Refusal>> {
    match &job.goal {
        Goal::Rollback(rollback) => plan::build_rollback(&job.config, facts, &job.request, rollback),
        Goal::Drill(point) => plan::build_drill(&job.config, facts, &job.request, *point),
        Goal::Backup(backup) => plan::build_backup(&job.config, facts, &job.request, backup),
        Goal::Deploy | Goal::Plan | Goal::Settle { .. } | Goal::Abort => plan::build(&job.config, facts, &job.request),
    }
}

fn settle(
    facts: &Facts,
    unfinished: Option<Known>,
    retry: bool,
    accept: Option<String>,
    now_ms: i64,
) -> (State, Vec<Effect>) {
    let settler = Role::Settler { then_deploy: false };
    let Some(known) = unfinished else {
        return nothing("there is no unfinished run to settle".to_owned(), facts);
    };
    match (known.state.as_str(), accept) {
        ("stuck", Some(state)) => recover(&known, settler, CallMode::Accept(state), now_ms),
        ("stuck", None) if retry => recover(&known, settler, CallMode::Retry, now_ms),
        ("stuck", None) => done(vec![], Finish::Outcome(outcome(&known.journal, &known.summary.about, &known.run))),
        ("running", _) => recover(&known, settler, CallMode::Follow, now_ms),
        (_, Some(_)) => done(
            vec![],
            Finish::Usage(format!(
                "run {} is not stuck: `backstay settle` without --accept brings it to its end",
                known.run
            )),
        ),
        (_, None) => recover(&known, settler, CallMode::Recover, now_ms),
    }
}

fn abort(job: &Job, facts: &Facts, unfinished: Option<Known>, now_ms: i64) -> (State, Vec<Effect>) {
    match unfinished {
        Some(known) if known.state == "running" => {
            let (state, mut effects) = recover(&known, Role::Aborter, CallMode::Follow, now_ms);
            effects
                .push(Effect::Send(format!("abort cancelled {} asked for it with backstay abort", job.request.actor)));
            (state, effects)
        }
        Some(known) => {
            let next = format!(
                "no run is in progress; run {} is {}: backstay settle -e {}",
                known.run, known.state, job.config.environment.name
            );
            nothing(next, facts)
        }
        None => nothing("no run is in progress".to_owned(), facts),
    }
}

/// What was asked for is so already.
fn nothing(reason: String, facts: &Facts) -> (State, Vec<Effect>) {
    done(vec![], Finish::Nothing(about_nothing(Outcome::Committed, reason, facts)))
}

fn recover(known: &Known, role: Role, mode: CallMode, now_ms: i64) -> (State, Vec<Effect>) {
    let follow = Follow::new(&known.run, role, known.summary.clone(), now_ms);
    let call = Call { run: known.run.clone(), from: 0, mode };
    (State::Following(Box::new(follow)), vec![Effect::Open(call)])
}

/// The end of the command, with a reason for each refusal.
pub(super) fn refused(refusals: Vec<Refusal>, facts: &Facts) -> (State, Vec<Effect>) {
    let reasons: Vec<&str> = refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
    let report = about_nothing(Outcome::Refused, reasons.join("; "), facts);
    let tell =
        refusals.into_iter().map(|Refusal { reason, remedy }| Effect::Emit(EventKind::Refusal { reason, remedy }));
    done(tell.collect(), Finish::Outcome(report))
}

pub(super) fn done(mut effects: Vec<Effect>, finish: Finish) -> (State, Vec<Effect>) {
    effects.push(Effect::Finish(finish));
    (State::Done, effects)
}

/// Another run is in progress: who, what and since when.
pub(super) fn locked(known: &Known) -> OutcomeReport {
    let about = &known.summary.about;
    let who = if about.actor.is_empty() { "somebody" } else { &about.actor };
    let what = about.revision.as_ref().map(|revision| format!(" of revision {revision}")).unwrap_or_default();
    let since = known.journal.started_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let since = since.map(|at| format!(" since {at:.0}")).unwrap_or_default();
    let command = if about.command.is_empty() { "deploy" } else { &about.command };
    let reason = format!("another run is in progress: {who}'s {command}{what}, run {}{since}", known.run);
    let mut report = super::about_run(Outcome::Locked, reason, None, about.previous_release.clone());
    report.maintenance = matches!(known.journal.reported("maintenance"), Some("on"));
    report
}

fn stuck_refusal(job: &Job, known: &Known) -> Refusal {
    let report = outcome(&known.journal, &known.summary.about, &known.run);
    Refusal::new(format!("run {} is stuck: {}", known.run, report.reason), ways_out(job))
}

fn ways_out(job: &Job) -> String {
    let environment = &job.config.environment.name;
    format!(
        "mend the cause and run `backstay settle -e {environment} --retry`; or bring the app into one of the two states by hand \
         and say which: `backstay settle -e {environment} --accept committed|rolled-back --yes`"
    )
}

fn already(known: &Known, facts: &Facts) -> OutcomeReport {
    let mut report = outcome(&known.journal, &known.summary.about, &known.run);
    report.outcome = Outcome::Committed;
    report.reason = format!("run {} with the same key has committed already; nothing was done", known.run);
    report.release = facts.current.clone();
    report
}

pub(super) fn key_changed(run: &str) -> String {
    format!("--key was used by run {run} for another artifact, revision or configuration: use another key")
}

fn about_nothing(outcome: Outcome, reason: String, facts: &Facts) -> OutcomeReport {
    let mut report = super::about_run(outcome, reason, None, facts.current.clone());
    report.maintenance = facts.app.as_ref().is_some_and(|app| app.down);
    report
}

/// What was found, in one line.
fn seen(job: &Job, facts: &Facts) -> String {
    let mut parts = Vec::new();
    parts.extend(facts.app.as_ref().map(|app| format!("laravel {}", app.version)));
    parts.extend(facts.connections.iter().map(|(_, connection)| connection.driver.clone()));
    if !facts.sizes.is_empty() {
        let (tables, bytes) = facts.sizes.iter().fold((0_u64, 0_u64), |(tables, bytes), size| {
            (tables.saturating_add(size.tables), bytes.saturating_add(size.bytes))
        });
        parts.push(format!("{tables} tables, {} MB", bytes.div_ceil(1_000_000)));
    }
    let pending = plan::pending(&job.config, facts, &job.request).filter(|_| job.request.shipment.is_some());
    parts.extend(pending.map(|pending| match pending.len() {
        0 => "no migrations pending".to_owned(),
        1 => "1 migration pending".to_owned(),
        many => format!("{many} migrations pending"),
    }));
    // the first line of each engine says what it will do; the rest is for who asks
    let mut said: Vec<&str> = Vec::new();
    for (name, line) in &facts.engines {
        if !said.contains(&name.as_str()) {
            said.push(name);
            parts.push(line.clone());
        }
    }
    if facts.live.is_none() {
        parts.push("no version is live yet".to_owned());
    }
    parts.extend(plan::guard(&job.config, facts).and_then(Result::ok).map(|guard| format!("guard: {guard}")));
    parts.join(" · ")
}
