//! `workers-stop` and `workers-start`.

use super::{script, seconds};
use crate::{
    config::{Config, WorkerKind},
    model::Phase,
    plan::{After, Condition, Finish, PlanFile, Step, Undo},
};

/// Workers are stopped and proven stopped.
pub fn workers_stop() -> Step {
    Step {
        name: "workers-stop".to_owned(),
        phase: Phase::Down,
        action: script!("steps/workers-stop.sh"),
        undo: Undo::Finish("workers-start"),
        params: Vec::new(),
        files: Vec::new(),
        only_if: Condition::Down,
        timeout: None,
    }
}

/// Those that ran before run again, with the code that is live now; in a run without maintenance they are renewed.
pub fn workers_start() -> Finish {
    Finish {
        name: "workers-start".to_owned(),
        phase: Phase::Up,
        action: script!("steps/workers-start.sh"),
        after: After::Either,
        only_if_begun: None,
        required: true,
        params: Vec::new(),
        files: Vec::new(),
        timeout: None,
    }
}

/// A folder for each worker under `lib/workers/`.
pub fn worker_files(config: &Config) -> Vec<PlanFile> {
    let mut files = Vec::new();
    for (number, worker) in config.workers.iter().enumerate() {
        let mut file = |name: &str, text: &str| {
            files.push(PlanFile::text(format!("workers/{:02}/{name}", number + 1), format!("{text}\n")));
        };
        file("grace", &seconds(worker.grace));
        match &worker.kind {
            WorkerKind::Supervisor { name, config } => {
                file("kind", "supervisor");
                file("name", name);
                if let Some(config) = config {
                    file("config", config);
                }
            }
            WorkerKind::Queue => {
                file("kind", "queue");
                file("name", "queue");
            }
            WorkerKind::Command { stop, start, check } => {
                file("kind", "command");
                file("name", start);
                file("stop", stop);
                file("start", start);
                if let Some(check) = check {
                    file("check", check);
                }
            }
        }
    }
    files
}
