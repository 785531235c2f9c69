//! The one transition function.

use super::{
    Call, CallMode, Effect, Finish, Follow, Goal, Input, Job, LinkLine, Role, State, about_run, outcome,
    prelude::{done, key_changed, probed, refused},
};
use crate::{
    model::{EventKind, Outcome, OutcomeReport, Phase, Span},
    plan::{Facts, Plan, Refusal},
};

/// How long the command stays after a second signal.
const LEAVE_MS: i64 = 2_000;
/// A lost link is tried again for this long beyond the lease: time for the target to end by itself.
const REJOIN_MS: i64 = 300_000;
/// Pauses between tries of a lost link.
const PAUSES_MS: [i64; 5] = [200, 500, 1_000, 2_000, 5_000];
/// The link says something every few seconds; one that has said nothing for so long is as good as lost.
const SILENT_MS: i64 = 90_000;
/// A link that has stood for so long is no longer one that comes and goes.
const STEADY_MS: i64 = 10_000;
/// The longest look at a target.
const PROBE_MAX_MS: i64 = 1_800_000;
/// The longest that a target may take to begin a run, or to say that it does not.
const ARM_MAX_MS: i64 = 300_000;
/// So often nobody may be found working on a run before this command stops starting recovery.
const DEATHS_MAX: u32 = 5;

/// Takes one input in; says where that leads and what is to be carried out.
pub fn step(state: State, job: &Job, now_ms: i64, input: Input) -> (State, Vec<Effect>) {
    match state {
        State::Connecting => connecting(job, now_ms, input),
        State::Probing { since_ms, settled, again } => probing(job, since_ms, (settled, again), now_ms, input),
        State::Arming { plan, since_ms, cancelled, again } => {
            arming(job, plan, since_ms, (cancelled, again), now_ms, input)
        }
        State::Following(follow) => following(job, follow, now_ms, input),
        State::Rejoining { follow, since_ms, next_ms, tries } => {
            rejoining(job, follow, (since_ms, next_ms, tries), now_ms, input)
        }
        State::Done => (State::Done, vec![]),
    }
}

fn connecting(job: &Job, now_ms: i64, input: Input) -> (State, Vec<Effect>) {
    match input {
        Input::Connected => probe(now_ms, None, false),
        Input::ConnectFailed { refusal } => refused(vec![refusal], &Facts::default()),
        Input::Interrupted => cancelled_before(job),
        Input::Probed { .. }
        | Input::ProbeFailed(_)
        | Input::Line(_)
        | Input::LinkClosed(_)
        | Input::Uploaded
        | Input::UploadFailed { .. }
        | Input::Smoked(_)
        | Input::Tick => (State::Connecting, vec![]),
    }
}

fn probe(now_ms: i64, settled: Option<String>, again: bool) -> (State, Vec<Effect>) {
    let begun = Effect::Emit(EventKind::PhaseBegun { phase: Phase::Probe });
    (State::Probing { since_ms: now_ms, settled, again }, vec![begun, Effect::Probe])
}

fn probing(
    job: &Job,
    since_ms: i64,
    (settled, again): (Option<String>, bool),
    now_ms: i64,
    input: Input,
) -> (State, Vec<Effect>) {
    match input {
        Input::Probed { reply, baseline } => {
            let mut facts = Facts::read(&reply);
            facts.baseline = baseline;
            probed(job, facts, since_ms, now_ms, (settled, again))
        }
        Input::ProbeFailed(reason) => {
            let remedy = "nothing was changed: try again, with -v to see more".to_owned();
            refused(vec![Refusal { reason, remedy }], &Facts::default())
        }
        Input::Interrupted => cancelled_before(job),
        Input::Tick if now_ms - since_ms > PROBE_MAX_MS => {
            let reason = format!("the look at {} took longer than half an hour", job.config.environment.name);
            refused(vec![Refusal::new(reason, "nothing was changed: see what keeps it busy")], &Facts::default())
        }
        Input::Connected
        | Input::ConnectFailed { .. }
        | Input::Line(_)
        | Input::LinkClosed(_)
        | Input::Uploaded
        | Input::UploadFailed { .. }
        | Input::Smoked(_)
        | Input::Tick => (State::Probing { since_ms, settled, again }, vec![]),
    }
}

fn cancelled_before(job: &Job) -> (State, Vec<Effect>) {
    let reason = format!("stopped before anything began on {}", job.config.environment.name);
    done(vec![], Finish::Outcome(about_run(Outcome::Cancelled, reason, None, None)))
}

fn arming(
    job: &Job,
    plan: Box<Plan>,
    since_ms: i64,
    (cancelled, again): (bool, bool),
    now_ms: i64,
    input: Input,
) -> (State, Vec<Effect>) {
    match input {
        Input::Line(LinkLine::Entry(entry)) => {
            let mut follow = Follow::of_plan(&plan, now_ms);
            if let Some(fault) = follow.fault(&entry) {
                return doubt(&follow, fault);
            }
            let mut effects = armed(&plan, since_ms, now_ms);
            if follow.uploading {
                effects.push(Effect::Upload(plan.run.to_string()));
            }
            effects.extend(follow.entry(&entry));
            if cancelled {
                effects.extend(follow.say(cancel(job)));
            }
            (State::Following(Box::new(follow)), effects)
        }
        Input::Line(LinkLine::Answer(word, rest)) => answered(job, &plan, (&word, &rest), again, now_ms),
        // Whether the run began is not known: following it tells.
        Input::LinkClosed(_) => {
            let mut follow = Follow::of_plan(&plan, now_ms);
            if cancelled {
                follow.said = Some(cancel(job));
            }
            lose(Box::new(follow), now_ms)
        }
        Input::Interrupted if cancelled => {
            let reason = "stopped while the run was about to begin on the target".to_owned();
            done(vec![], Finish::Outcome(about_run(Outcome::InDoubt, reason, None, None)))
        }
        Input::Interrupted => (State::Arming { plan, since_ms, cancelled: true, again }, vec![]),
        Input::Tick if now_ms - since_ms > ARM_MAX_MS => {
            doubt(&Follow::of_plan(&plan, now_ms), "it does not say whether the run began")
        }
        Input::Line(
            LinkLine::Plan(_)
            | LinkLine::Dead
            | LinkLine::End
            | LinkLine::Unwritten
            | LinkLine::Newest(_)
            | LinkLine::Tail(_)
            | LinkLine::Alive
            | LinkLine::Noise,
        )
        | Input::Connected
        | Input::ConnectFailed { .. }
        | Input::Probed { .. }
        | Input::ProbeFailed(_)
        | Input::Uploaded
        | Input::UploadFailed { .. }
        | Input::Smoked(_)
        | Input::Tick => (State::Arming { plan, since_ms, cancelled, again }, vec![]),
    }
}

fn armed(plan: &Plan, since_ms: i64, now_ms: i64) -> Vec<Effect> {
    let ended = EventKind::PhaseEnded {
        phase: Phase::Arm,
        note: "from here the target finishes or undoes this run alone".to_owned(),
        duration_ms: u64::try_from(now_ms - since_ms).unwrap_or(0),
    };
    vec![Effect::Emit(ended), Effect::Emit(EventKind::Taken { revision: plan.about.revision.clone() })]
}

/// The target says what cannot be: nothing that it says is an end. Without signs of life an honest one rolls back.
fn doubt(follow: &Follow, fault: &str) -> (State, Vec<Effect>) {
    let seen = outcome(&follow.journal, &follow.summary.about, &follow.run);
    let reason = format!("the target cannot be believed: {fault}");
    done(vec![], Finish::Outcome(OutcomeReport { outcome: Outcome::InDoubt, reason, ..seen }))
}

/// The executor looked again under the lock and did not begin.
fn answered(job: &Job, plan: &Plan, (word, rest): (&str, &str), again: bool, now_ms: i64) -> (State, Vec<Effect>) {
    match word {
        // Who holds the lock, what is unfinished, what the same key did: the probe says it with more words.
        "locked" | "unsettled" | "stuck" | "key" if !again => {
            let text = "the target has changed since it was looked at; looking again".to_owned();
            let (state, effects) = probe(now_ms, None, true);
            (state, [vec![Effect::Emit(EventKind::Warning { text })], effects].concat())
        }
        // It did, and it said that nothing stands in the way.
        "locked" => {
            let lock = format!("{}/.backstay/lock", job.config.environment.path);
            let reason = format!("something holds {lock}, and no run says so (fuser -v {lock} names it)");
            let live = plan.about.previous_release.clone();
            done(vec![], Finish::Outcome(about_run(Outcome::Locked, reason, None, live)))
        }
        "unsettled" | "stuck" | "key" => refused(
            vec![Refusal::new(
                format!("run {rest} came in between, twice"),
                format!("see backstay status -e {}, and deploy again", job.config.environment.name),
            )],
            &Facts::default(),
        ),
        "key-changed" => done(vec![], Finish::Usage(key_changed(rest))),
        "generation" => refused(
            vec![Refusal::new(rest, format!("deploy again to {}: it is looked at anew", job.config.environment.name))],
            &Facts::default(),
        ),
        _ => refused(
            vec![Refusal::new(
                format!("the run did not begin: {rest}"),
                "nothing was changed; mend that and deploy again",
            )],
            &Facts::default(),
        ),
    }
}

fn following(job: &Job, mut follow: Box<Follow>, now_ms: i64, input: Input) -> (State, Vec<Effect>) {
    let mut effects = Vec::new();
    if matches!(&input, Input::Line(line) if *line != LinkLine::Noise) {
        follow.heard_ms = now_ms;
    }
    match input {
        Input::Line(LinkLine::Entry(entry)) => {
            if let Some(fault) = follow.fault(&entry) {
                return doubt(&follow, fault);
            }
            effects.extend(follow.entry(&entry));
        }
        Input::Line(LinkLine::Plan(summary)) => follow.summary = *summary,
        Input::Line(LinkLine::Newest(line)) => effects.extend(follow.newest(line)),
        Input::Line(LinkLine::Tail(line)) => follow.tail(line),
        Input::Line(LinkLine::End) => return ended(job, follow, now_ms),
        Input::Line(LinkLine::Unwritten) => effects.extend(follow.unwritten()),
        Input::Line(LinkLine::Dead) => return dead(follow, now_ms),
        Input::Line(LinkLine::Answer(word, rest)) if word == "gone" => return gone(job, &follow, &rest),
        Input::Line(LinkLine::Answer(..) | LinkLine::Alive | LinkLine::Noise) => {}
        // The link's script ends by itself only after `!end` and `!dead`, which have led elsewhere.
        Input::LinkClosed(_) => return lose(follow, now_ms),
        Input::Uploaded => follow.uploading = false,
        Input::UploadFailed { lost: true, .. } => {}
        Input::UploadFailed { reason, .. } => {
            if follow.said.is_none() && !follow.is_decided() {
                effects.extend(follow.say(format!("abort upload {}", super::follow::one_line(&reason))));
            }
        }
        Input::Smoked(checks) => effects.extend(follow.smoked(checks)),
        Input::Interrupted => return interrupted(job, follow, now_ms),
        Input::Tick => return tick(job, follow, now_ms),
        Input::Connected | Input::ConnectFailed { .. } | Input::Probed { .. } | Input::ProbeFailed(_) => {}
    }
    (State::Following(follow), effects)
}

fn tick(job: &Job, mut follow: Box<Follow>, now_ms: i64) -> (State, Vec<Effect>) {
    if follow.leave_ms.is_some_and(|leave_ms| now_ms >= leave_ms) {
        return leave(&follow);
    }
    if now_ms - follow.heard_ms > SILENT_MS {
        return lose(follow, now_ms);
    }
    if follow.heard_ms - follow.linked_ms >= STEADY_MS {
        follow.unsteady = None;
    }
    let mut effects = Vec::new();
    if now_ms - follow.beat_ms >= beat_every_ms(job.config.runner.lease) {
        follow.beat_ms = now_ms;
        // What is not heard is said again in place of a sign of life: the lease ends a run that waits for it in vain.
        let again = follow.said.clone().filter(|_| follow.is_unwritten && !follow.is_decided());
        let beat = (follow.role == Role::Owner).then(|| "beat".to_owned());
        effects.extend(again.or(beat).map(Effect::Send));
    }
    (State::Following(follow), effects)
}

/// Several beats in a lease, so that a lost one costs nothing.
fn beat_every_ms(lease: Span) -> i64 {
    i64::try_from(lease.ms() / 5).unwrap_or(i64::MAX).clamp(200, 5_000)
}

fn interrupted(job: &Job, mut follow: Box<Follow>, now_ms: i64) -> (State, Vec<Effect>) {
    if follow.leave_ms.is_some() {
        return (State::Following(follow), vec![]);
    }
    let is_first = !matches!(&follow.said, Some(said) if said.starts_with("abort cancelled"));
    if follow.role != Role::Owner {
        return leave(&follow);
    }
    if is_first && !follow.journal.committed && follow.journal.end.is_none() {
        let text = "asked to stop: the target rolls back; this command follows while there is time".to_owned();
        let mut effects = vec![Effect::Emit(EventKind::Warning { text })];
        // A commit that was said before wins, if the target saw it first.
        effects.extend(follow.say(cancel(job)));
        return (State::Following(follow), effects);
    }
    follow.leave_ms = Some(now_ms + LEAVE_MS);
    (State::Following(follow), vec![])
}

fn cancel(job: &Job) -> String {
    format!("abort cancelled {} stopped the deploy", super::follow::one_line(&job.request.actor))
}

/// The command ends; the target goes on.
fn leave(follow: &Follow) -> (State, Vec<Effect>) {
    let report = outcome(&follow.journal, &follow.summary.about, &follow.run);
    done(vec![], Finish::Outcome(report))
}

fn ended(job: &Job, mut follow: Box<Follow>, now_ms: i64) -> (State, Vec<Effect>) {
    let effects = follow.flush_tail();
    if follow.role == (Role::Settler { then_deploy: true }) {
        let report = outcome(&follow.journal, &follow.summary.about, &follow.run);
        if report.outcome == Outcome::InDoubt {
            return done(effects, Finish::Outcome(report));
        }
        if report.outcome != Outcome::Stuck {
            let text = format!("run {} is settled: {}", follow.run, report.outcome.as_str());
            let (state, more) = probe(now_ms, Some(follow.run.clone()), false);
            let told = Effect::Emit(EventKind::Warning { text });
            return (state, effects.into_iter().chain([told]).chain(more).collect());
        }
        let remedy = format!("see `backstay settle -e {} --retry`", job.config.environment.name);
        let refusal = Refusal::new(format!("run {} is stuck: {}", follow.run, report.reason), remedy);
        return refused(vec![refusal], &Facts::default());
    }
    let report = outcome(&follow.journal, &follow.summary.about, &follow.run);
    done(effects, Finish::Outcome(report))
}

/// Nobody works on the run: this runner starts recovery at once.
fn dead(mut follow: Box<Follow>, now_ms: i64) -> (State, Vec<Effect>) {
    follow.deaths += 1;
    if follow.deaths > DEATHS_MAX {
        let mut report = outcome(&follow.journal, &follow.summary.about, &follow.run);
        report.reason = "the executor on the target dies each time it is started".to_owned();
        return done(vec![], Finish::Outcome(report));
    }
    (follow.beat_ms, follow.heard_ms) = (now_ms, now_ms);
    let call = Call { run: follow.run.clone(), from: follow.journal.seq, mode: CallMode::Recover };
    (State::Following(follow), vec![Effect::Open(call)])
}

fn gone(job: &Job, follow: &Follow, rest: &str) -> (State, Vec<Effect>) {
    if follow.journal.seq == 0 && follow.role == Role::Owner {
        // The link broke while the run was being armed, and it never began.
        let reason = format!("the link to {} broke before the run began", job.config.environment.name);
        return refused(vec![Refusal::new(reason, "nothing was changed: deploy again")], &Facts::default());
    }
    done(vec![], Finish::Fault(format!("the run cannot be followed: {rest}")))
}

fn lose(mut follow: Box<Follow>, now_ms: i64) -> (State, Vec<Effect>) {
    if let Some(leave_ms) = follow.leave_ms
        && now_ms >= leave_ms
    {
        return leave(&follow);
    }
    follow.smoking = false;
    let note = "the link to the target was lost; trying again. The target goes on".to_owned();
    // one that comes back only to go again has been lost since it went first
    let (since_ms, tries) = follow.unsteady.unwrap_or((now_ms, 0));
    follow.unsteady = Some((since_ms, tries + 1));
    let next_ms = Some(now_ms + pause_ms(tries));
    (State::Rejoining { follow, since_ms, next_ms, tries }, vec![Effect::Emit(EventKind::Link { up: false, note })])
}

fn pause_ms(tries: u32) -> i64 {
    PAUSES_MS[usize::try_from(tries).unwrap_or(usize::MAX).min(PAUSES_MS.len() - 1)]
}

fn rejoining(
    job: &Job,
    mut follow: Box<Follow>,
    (since_ms, next_ms, tries): (i64, Option<i64>, u32),
    now_ms: i64,
    input: Input,
) -> (State, Vec<Effect>) {
    let stay = |follow, next_ms, tries| State::Rejoining { follow, since_ms, next_ms, tries };
    match input {
        Input::Connected => {
            let call = Call { run: follow.run.clone(), from: follow.journal.seq, mode: CallMode::Follow };
            (follow.heard_ms, follow.linked_ms) = (now_ms, now_ms);
            let note = "the link to the target is back".to_owned();
            let mut effects = vec![Effect::Emit(EventKind::Link { up: true, note }), Effect::Open(call)];
            if follow.role == Role::Owner {
                follow.beat_ms = now_ms;
                effects.push(Effect::Send("beat".to_owned()));
            }
            // What was said may not have arrived; the first one counts, so saying it twice is harmless.
            if let Some(said) = follow.said.clone().filter(|_| !follow.is_decided()) {
                effects.push(Effect::Send(said));
            } else if follow.journal.awaiting && follow.role == Role::Owner && !follow.is_decided() {
                effects.extend(follow.smoke());
            }
            if follow.uploading && !follow.is_decided() {
                effects.push(Effect::Upload(follow.run.clone()));
            }
            (State::Following(follow), effects)
        }
        Input::ConnectFailed { .. } => (stay(follow, Some(now_ms + pause_ms(tries)), tries + 1), vec![]),
        Input::Tick => {
            let patience_ms = i64::try_from(job.config.runner.lease.ms()).unwrap_or(i64::MAX).saturating_add(REJOIN_MS);
            if follow.leave_ms.is_some_and(|leave_ms| now_ms >= leave_ms) || now_ms - since_ms > patience_ms {
                return leave(&follow);
            }
            match next_ms {
                Some(next_ms) if now_ms >= next_ms => (stay(follow, None, tries), vec![Effect::Connect]),
                Some(_) | None => (stay(follow, next_ms, tries), vec![]),
            }
        }
        Input::Interrupted => {
            if follow.leave_ms.is_some() || follow.role != Role::Owner {
                return leave(&follow);
            }
            if follow.said.is_none() {
                follow.said = Some(cancel(job));
            }
            follow.leave_ms = Some(now_ms + LEAVE_MS);
            (stay(follow, next_ms, tries), vec![])
        }
        Input::Uploaded => {
            follow.uploading = false;
            (stay(follow, next_ms, tries), vec![])
        }
        // Of the old link, or of checks that are made again when the link is back.
        Input::Line(_)
        | Input::LinkClosed(_)
        | Input::Probed { .. }
        | Input::ProbeFailed(_)
        | Input::UploadFailed { .. }
        | Input::Smoked(_) => (stay(follow, next_ms, tries), vec![]),
    }
}

impl Goal {
    /// The word of the command line.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Plan => "plan",
            Self::Rollback(_) => "rollback",
            Self::Drill(_) => "drill",
            Self::Backup(backup) => backup.as_str(),
            Self::Settle { .. } => "settle",
            Self::Abort => "abort",
        }
    }
}
