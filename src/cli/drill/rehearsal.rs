//! One point of a drill: its run, and what has to hold of it afterwards.

use serde_json::{Value, json};

use super::watch;
use crate::{
    cli::{FAULT, Global, USAGE, context},
    config::{Config, Lost},
    drive::{drive, now_ms},
    journal::RunState,
    machine::{Finish, Goal, Job, about_run, outcome},
    model::{Event, EventKind, Outcome, OutcomeReport, Span},
    plan::{DrillPoint, Facts, Known, Request},
    report::time,
};

/// The shortest lease that a configuration may have.
const SHORT_LEASE: Span = Span::from_secs(15);

/// What came of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every proof held and every objective was met.
    Passed,
    /// One was not.
    Failed,
    /// It could not be rehearsed there.
    Impossible,
}

impl Verdict {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Impossible => "not possible",
        }
    }
}

/// Something that has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) name: &'static str,
    pub(super) holds: bool,
    /// What was seen (untrusted).
    pub(super) note: String,
}

/// A point, rehearsed.
#[derive(Debug, Clone)]
pub(super) struct Rehearsal {
    pub(super) point: DrillPoint,
    pub(super) run: Option<String>,
    /// Why it could not be.
    pub(super) impossible: Option<&'static str>,
    report: Option<OutcomeReport>,
    journal: RunState,
    injected_ms: Option<i64>,
    changed: bool,
    left: Vec<String>,
    pub(super) proofs: Vec<Proof>,
}

/// Runs it to its end. An exit code where there is no run to be judged.
pub(super) async fn rehearse(
    global: &Global,
    config: &Config,
    point: DrillPoint,
    request: Request,
) -> anyhow::Result<Result<Rehearsal, u8>> {
    let mut config = config.clone();
    if point == DrillPoint::RunnerLost {
        config.runner.lease = SHORT_LEASE;
        config.runner.lost = Lost::Rollback;
    }
    let run = request.run.clone();
    let mut reporter = context::silent_reporter(global, &config.environment.name);
    let opened = EventKind::Opened {
        command: format!("drill {}", point.as_str()),
        app: config.app.clone(),
        environment: config.environment.name.clone(),
        revision: None,
    };
    let event = Event { at_ms: now_ms(), run: Some(run.clone()), kind: opened };
    reporter.event(&event);
    super::open(global, &config, &request);
    let job = Job { config: config.clone(), request, goal: Goal::Drill(point) };
    let outside = async {
        match point {
            DrillPoint::RunnerLost => {
                watch::half_made(&config, run.as_str()).await;
                watch::remember_cut(&config, run.as_str()).await;
            }
            DrillPoint::ExecutorKilled => {
                watch::half_made(&config, run.as_str()).await;
                watch::kill_executor(&config, run.as_str()).await;
                std::future::pending::<()>().await;
            }
            DrillPoint::MigrationThrows
            | DrillPoint::MigrationKilled
            | DrillPoint::SmokeFails
            | DrillPoint::ConnectionDropped
            | DrillPoint::DiskFull => std::future::pending().await,
        }
    };
    // with the loop its link goes: no beat, no verdict, no goodbye
    let finish = tokio::select! {
        finish = drive(job, None, &mut reporter) => Some(finish),
        () = outside => None,
    };
    let report = match finish {
        Some(Finish::Outcome(report) | Finish::Nothing(report)) => report,
        Some(Finish::Usage(text)) => {
            context::complain(global, &text);
            return Ok(Err(USAGE));
        }
        Some(Finish::Fault(text)) => {
            context::complain(global, &text);
            return Ok(Err(FAULT));
        }
        Some(Finish::Planned { .. }) => return Ok(Err(FAULT)),
        None => {
            let text =
                "the runner is silent from here on, and looks on from outside until the target has ended the run";
            let kind = EventKind::Warning { text: text.to_owned() };
            reporter.event(&Event { at_ms: now_ms(), run: Some(run.clone()), kind });
            let ended = watch::end_of(&config, run.as_str(), &mut reporter).await;
            match ended {
                Some(known) => outcome(&known.journal, &known.summary.about, &known.run),
                None => about_run(Outcome::InDoubt, "the end was not waited for".to_owned(), None, None),
            }
        }
    };
    let known = watch::known(&config, run.as_str()).await.ok().flatten();
    let Some(known) = known else {
        reporter.event(&Event { at_ms: now_ms(), run: None, kind: EventKind::Outcome(report.clone()) });
        return Ok(Err(report.outcome.exit_code()));
    };
    let said = watch::said(&config, run.as_str()).await?;
    reporter.close();
    let Known { run, journal, .. } = known;
    Ok(Ok(Rehearsal {
        point,
        run: Some(run),
        impossible: None,
        report: Some(report),
        journal,
        injected_ms: said.injected_ms,
        changed: said.changed,
        left: said.left,
        proofs: Vec::new(),
    }))
}

impl Rehearsal {
    /// A point that has no sense there.
    pub(super) fn impossible(point: DrillPoint, why: &'static str) -> Self {
        Self {
            point,
            run: None,
            impossible: Some(why),
            report: None,
            journal: RunState::default(),
            injected_ms: None,
            changed: false,
            left: Vec::new(),
            proofs: Vec::new(),
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.report.as_ref().map_or(Outcome::RolledBack, |report| report.outcome)
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self.impossible {
            Some(_) => Verdict::Impossible,
            None if !self.proofs.is_empty() && self.proofs.iter().all(|proof| proof.holds) => Verdict::Passed,
            None => Verdict::Failed,
        }
    }

    /// From the failure to the decision.
    pub(super) fn detection_ms(&self) -> Option<u64> {
        u64::try_from((self.journal.aborted_ms? - self.injected_ms?).max(0)).ok()
    }

    /// From the decision until users have the site again, without the drill's own reading.
    pub(super) fn rollback_ms(&self) -> Option<u64> {
        Some(self.report.as_ref()?.rollback_ms?.saturating_sub(self.read_ms("after")))
    }

    /// How long users saw maintenance, without the drill's own reading.
    pub(super) fn downtime_ms(&self) -> Option<u64> {
        let read = self.read_ms("before") + self.read_ms("after");
        Some(self.report.as_ref()?.downtime_ms?.saturating_sub(read))
    }

    fn read_ms(&self, moment: &str) -> u64 {
        self.journal.reported(&format!("drill-read-{moment}-ms")).and_then(|ms| ms.parse().ok()).unwrap_or(0)
    }

    /// Judges the run by its journal, by what is left, and by the site before and after.
    pub(super) fn judge(&mut self, config: &Config, before: &Facts, after: &Facts) {
        let mut proofs = vec![self.bit(), self.ended(), self.changed()];
        proofs.extend(["data", "code"].map(|what| self.same(what)));
        proofs.push(site(before, after));
        proofs.push(Proof {
            name: "nothing left",
            holds: self.left.is_empty() && after.unfinished.is_empty(),
            note: self.left.join(", "),
        });
        let objectives = &config.objectives;
        proofs.extend(objective("rollback", objectives.rollback, self.rollback_ms()));
        proofs.extend(objective("downtime", objectives.downtime, self.downtime_ms()));
        self.proofs = proofs;
    }

    /// The run was given back because of what was injected, and of nothing else.
    fn bit(&self) -> Proof {
        let abort = self.journal.abort.as_ref();
        let is = |kind: &str, step: &str, words: &[&str]| {
            abort.is_some_and(|abort| {
                abort.kind == kind && abort.step == step && words.iter().any(|word| abort.text.contains(word))
            })
        };
        let holds = match self.point {
            DrillPoint::MigrationThrows => is("step", "migrate", &["backstay drill"]),
            DrillPoint::MigrationKilled => is("step", "migrate", &["SIGKILL"]),
            DrillPoint::SmokeFails => is("step", "smoke", &["backstay drill"]),
            DrillPoint::RunnerLost => is("lost", "migrate", &[""]),
            DrillPoint::ExecutorKilled => is("crash", "migrate", &[""]),
            DrillPoint::ConnectionDropped => is("step", "migrate", &["SQLSTATE"]) && self.injected_ms.is_some(),
            DrillPoint::DiskFull => is("step", "migrate", &["No space left", "disk is full"]),
        };
        let seen = abort.map_or_else(
            || "nothing was given up".to_owned(),
            |abort| format!("{} in {}: {}", abort.kind, abort.step, abort.text),
        );
        let note = if holds { seen } else { format!("the injection did not bite; seen instead: {seen}") };
        Proof { name: "injection", holds, note }
    }

    fn ended(&self) -> Proof {
        let outcome = self.outcome();
        let holds = outcome == Outcome::RolledBack && !self.journal.committed;
        Proof { name: "rolled back", holds, note: outcome.as_str().to_owned() }
    }

    /// Without a change a rollback has nothing to give back, and proves nothing.
    fn changed(&self) -> Proof {
        let note = if self.changed { "made before the failure" } else { "it was never made" };
        Proof { name: "something to undo", holds: self.changed, note: note.to_owned() }
    }

    /// What the target itself read before and after is the same.
    fn same(&self, what: &'static str) -> Proof {
        let digest = |moment: &str| self.journal.reported(&format!("drill-{what}-{moment}"));
        let name = if what == "data" { "data as before" } else { "code as before" };
        let (holds, note) = match (digest("before"), digest("after")) {
            (Some("unread"), _) | (_, Some("unread")) => (
                true,
                "not read: without a framework nobody but the engine can read it. No proof of the drill's own"
                    .to_owned(),
            ),
            (Some(before), Some(after)) if before == after => {
                (true, format!("sha256 {}", &after[..after.len().min(12)]))
            }
            (Some(_), Some(_)) => {
                let differs = self.journal.reported(&format!("drill-{what}-differs")).unwrap_or_default();
                (false, format!("it differs: {differs}"))
            }
            (_, _) => (false, "it could not be read".to_owned()),
        };
        Proof { name, holds, note }
    }

    pub(super) fn json(&self) -> Value {
        let report = self.report.as_ref();
        json!({
            "point": self.point.as_str(),
            "result": match self.verdict() {
                Verdict::Passed => "passed",
                Verdict::Failed => "failed",
                Verdict::Impossible => "not-possible",
            },
            "not_possible": self.impossible,
            "outcome": report.map(|report| report.outcome.as_str()),
            "reason": report.map(|report| &report.reason),
            "detection_ms": self.detection_ms(), "rollback_ms": self.rollback_ms(), "downtime_ms": self.downtime_ms(),
            "read_ms": self.read_ms("before") + self.read_ms("after"),
            "proofs": self.proofs.iter().map(|proof| json!({"proof": proof.name, "holds": proof.holds, "note": proof.note}))
                .collect::<Vec<_>>(),
        })
    }
}

/// The site answers as it did before.
fn site(before: &Facts, after: &Facts) -> Proof {
    let down = after.app.as_ref().is_some_and(|app| app.down);
    let same = before.site_status == after.site_status && before.current == after.current;
    let owed: Vec<&str> = before.passing().into_iter().filter(|path| !after.passing().contains(path)).collect();
    let note = match (down, after.site_status) {
        (true, _) => "it is still in maintenance".to_owned(),
        (false, _) if !owed.is_empty() => format!("these answered before and do not now: {}", owed.join(", ")),
        (false, Some(status)) => format!("GET / answers {status}, {} checks pass", after.passing().len()),
        (false, None) => "not looked at: the environment has no url".to_owned(),
    };
    Proof { name: "site as before", holds: !down && same && owed.is_empty(), note }
}

fn objective(name: &'static str, limit: Option<Span>, took_ms: Option<u64>) -> Option<Proof> {
    let limit = limit?;
    let note = match took_ms {
        Some(took) => format!("{} of {} allowed", time::duration(took), time::duration(limit.ms())),
        None => "not measured".to_owned(),
    };
    let name = if name == "rollback" { "objective rollback" } else { "objective downtime" };
    Some(Proof { name, holds: took_ms.is_some_and(|took| took <= limit.ms()), note })
}
