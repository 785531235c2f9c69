//! What a drill found: a table for people, Markdown for a file, JSON for scripts.

use std::fmt::Write;

use serde_json::{Value, json};

use super::rehearsal::{Rehearsal, Verdict};
use crate::{
    config::{Config, Objectives},
    github::cell,
    model::RunId,
    plan::DrillPoint,
    report::{escape, time},
};

/// A whole drill.
pub(super) struct Report {
    app: String,
    environment: String,
    objectives: Objectives,
    /// Its first run.
    pub(super) run: RunId,
    began_ms: i64,
    ended_ms: i64,
    pub(super) points: Vec<Rehearsal>,
}

impl Report {
    pub(super) fn new(config: &Config, began_ms: i64, run: &RunId) -> Self {
        Self {
            app: config.app.clone(),
            environment: config.environment.name.clone(),
            objectives: config.objectives,
            run: run.clone(),
            began_ms,
            ended_ms: began_ms,
            points: Vec::new(),
        }
    }

    pub(super) fn finish(&mut self, ended_ms: i64) {
        self.ended_ms = ended_ms;
    }

    /// The end in one sentence.
    pub(super) fn sentence(&self, word: &str) -> String {
        let count = |verdict| self.points.iter().filter(|point| point.verdict() == verdict).count();
        let (passed, failed, impossible) = (count(Verdict::Passed), count(Verdict::Failed), count(Verdict::Impossible));
        let mut text = format!("drill on {}: {word}; {passed} of {} points passed", self.environment, passed + failed);
        if impossible > 0 {
            let _ = write!(text, ", {impossible} not possible here");
        }
        let first = self.points.iter().find(|point| point.verdict() == Verdict::Failed);
        let fault = first.and_then(|point| Some((point, point.proofs.iter().find(|proof| !proof.holds)?)));
        if let Some((point, proof)) = fault {
            let _ = write!(text, "; {}: {}: {}", point.point.as_str(), proof.name, proof.note);
        }
        text
    }

    /// For a terminal and for the summary of a workflow's step.
    pub(super) fn table(&self) -> String {
        let mut text = format!("drill · {} → {}\n\n", escape(&self.app), escape(&self.environment));
        let _ =
            writeln!(text, "  {:<19}{:<14}{:>11}{:>11}{:>11}", "point", "result", "detected", "rollback", "downtime");
        for point in &self.points {
            let _ = writeln!(
                text,
                "  {:<19}{:<14}{:>11}{:>11}{:>11}",
                point.point.as_str(),
                point.verdict().as_str(),
                took(point.detection_ms()),
                took(point.rollback_ms()),
                took(point.downtime_ms())
            );
        }
        for point in &self.points {
            if let Some(why) = point.impossible {
                let _ = writeln!(text, "\n  {}: {why}", point.point.as_str());
            }
            for proof in point.proofs.iter().filter(|proof| !proof.holds) {
                let _ = writeln!(text, "\n  ✗ {}: {}: {}", point.point.as_str(), proof.name, escape(&proof.note));
            }
        }
        text
    }

    pub(super) fn markdown(&self, word: &str) -> String {
        let mut text = format!(
            "# Drill of {} on {}: {word}\n\n{} to {}, by Backstay {}.\n\n",
            cell(&self.app),
            cell(&self.environment),
            time::moment(self.began_ms),
            time::moment(self.ended_ms),
            env!("CARGO_PKG_VERSION")
        );
        let limit = |span: Option<crate::model::Span>| span.map_or("none".to_owned(), |span| time::duration(span.ms()));
        let _ = writeln!(
            text,
            "Objectives: rollback {}, downtime {}.\n",
            limit(self.objectives.rollback),
            limit(self.objectives.downtime)
        );
        text.push_str(
            "| point | result | detected after | rolled back in | downtime | run |\n|---|---|---|---|---|---|\n",
        );
        for point in &self.points {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                point.point.as_str(),
                point.verdict().as_str(),
                took(point.detection_ms()),
                took(point.rollback_ms()),
                took(point.downtime_ms()),
                point.run.as_deref().unwrap_or("–")
            );
        }
        text.push_str(
            "\nDetected: from the failure to the decision to undo. Rolled back: from the decision until users had the site again. \
             The time in which the drill itself read data and code is in neither, and not in the downtime.\n",
        );
        for point in &self.points {
            let _ = writeln!(text, "\n## {}\n\n{}\n", point.point.as_str(), how(point.point));
            if let Some(why) = point.impossible {
                let _ = writeln!(text, "Not possible here: {why}.");
                continue;
            }
            for proof in &point.proofs {
                let sign = if proof.holds { "✅" } else { "❌" };
                let _ = writeln!(text, "- {sign} {}: {}", proof.name, cell(&proof.note));
            }
        }
        text.push_str(LIMITS);
        text
    }

    pub(super) fn json(&self, word: &str) -> Value {
        let point = |point: &Rehearsal| {
            let mut value = point.json();
            if let Some(object) = value.as_object_mut() {
                object.insert("run".to_owned(), json!(point.run));
                object.insert("how".to_owned(), json!(how(point.point)));
            }
            value
        };
        json!({
            "v": 1, "app": self.app, "environment": self.environment, "run": self.run.to_string(), "result": word,
            "started_at": time::rfc3339(self.began_ms), "finished_at": time::rfc3339(self.ended_ms),
            "objectives": {
                "rollback_ms": self.objectives.rollback.map(crate::model::Span::ms),
                "downtime_ms": self.objectives.downtime.map(crate::model::Span::ms),
            },
            "points": self.points.iter().map(point).collect::<Vec<_>>(),
        })
    }
}

/// What a green drill does not say.
const LIMITS: &str = "\n## What this does not prove\n\nThe drill's change is its own: a table with rows, a column, a line among the \
migrations that ran. A migration of the app may do what this one does not. Files, Redis, queued jobs, mail and other systems are \
not brought back by a rollback and were not looked at; the app's storage is not read.\n";

/// How a point's failure was made, said as it is.
const fn how(point: DrillPoint) -> &'static str {
    match point {
        DrillPoint::MigrationThrows => {
            "The migration's process made its change and threw. Without a framework: the app's own command ran, then the step \
             failed."
        }
        DrillPoint::MigrationKilled => {
            "The migration's process was killed by SIGKILL after its change, while it ran. Without a framework: a process that \
             waits after the app's own command."
        }
        DrillPoint::SmokeFails => "Migrated and switched; then a check on the target failed that the drill had added.",
        DrillPoint::RunnerLost => {
            "In the migration the runner let go of its link and sent nothing more. The lease was 15 s for this run, and \
             runner.lost was rollback."
        }
        DrillPoint::ExecutorKilled => {
            "In the migration the executor was killed by SIGKILL, known by the record of its child and by the lock that it held; \
             the runner started recovery."
        }
        DrillPoint::ConnectionDropped => {
            "While a statement of the migration ran, its session was ended on the server from a second one of the same account \
             (KILL, pg_terminate_backend)."
        }
        DrillPoint::DiskFull => {
            "Simulated. SQLite was told that its file may not grow (max_page_count) and said itself that the disk is full; with a \
             server, or without a framework, the migration wrote to /dev/full. No disk was filled: that the server and the executor \
             get by without space is not shown."
        }
    }
}

fn took(ms: Option<u64>) -> String {
    ms.map_or_else(|| "–".to_owned(), time::duration)
}
