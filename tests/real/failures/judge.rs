//! What has to hold of a target once its run has ended, seen from outside.

use std::time::Duration;

use backstay::journal::{Direction, Fact, step_name};
use serde_json::Value;

use super::{End, Target};
use crate::support::eventually;

impl Target {
    /// Waits for the end, says how long it took since the cut, and looks at everything.
    #[track_caller]
    pub fn judge(&self, end: End) -> Duration {
        self.await_end();
        let took = self.since_cut().unwrap_or_default();
        let case = std::thread::current().name().unwrap_or_default().to_owned();
        println!("{case}: {} {:.1} s after the cut", end.as_str(), took.as_secs_f64());
        self.await_no_executor();
        self.assert_site(end);
        self.assert_journal(end);
        self.assert_nothing_left(end);
        self.tells(end.as_str());
        let told = std::fs::read_to_string(&self.told).unwrap_or_default();
        assert_eq!(told.lines().last(), Some(end.as_str()), "whom notify tells");
        took
    }

    /// What users get, and the data object by object.
    #[track_caller]
    pub fn assert_site(&self, end: End) {
        let (status, page) = self.get("/");
        let data = self.data();
        match end {
            End::Committed => {
                assert_eq!((status, page.contains("2222222")), (200, true), "{page}");
                assert_eq!(self.live_revision().as_deref(), Some("2222222"));
                assert!(data != self.before && data.contains("phone"), "the data are migrated");
            }
            End::RolledBack => {
                assert_eq!((status, page.contains("1111111")), (200, true), "{page}");
                assert_eq!(self.live_revision().as_deref(), Some("1111111"));
                assert_eq!(data, self.before, "the data are as before");
            }
            End::Stuck => assert_eq!(status, 503, "{page}"),
        }
    }

    /// Never both decisions, the end last, and every begun step undone once and in reverse, or none.
    #[track_caller]
    fn assert_journal(&self, end: End) {
        let facts = self.facts();
        let has = |fact: &Fact| facts.contains(fact);
        let last = match facts.last() {
            Some(Fact::Ended { direction: Direction::Committed }) => Some(End::Committed),
            Some(Fact::Ended { direction: Direction::RolledBack }) => Some(End::RolledBack),
            Some(Fact::Stuck { .. }) => Some(End::Stuck),
            _ => None,
        };
        assert_eq!(last, Some(end), "{facts:#?}");
        assert!(!(has(&Fact::Commit) && has(&Fact::Restored)), "{facts:#?}");
        match end {
            End::Committed => assert!(has(&Fact::Commit), "{facts:#?}"),
            End::RolledBack => assert!(has(&Fact::Restored), "{facts:#?}"),
            End::Stuck => return,
        }
        let with_undo = |step: &&String| {
            let run = self.path.join(".backstay/runs").join(self.run_id());
            run.join("steps").join(step).join("undo").exists()
        };
        let begun = facts.iter().filter_map(|fact| if let Fact::Begin(step) = fact { Some(step) } else { None });
        let mut begun: Vec<_> = begun.filter(with_undo).map(|step| step_name(step)).collect();
        begun.reverse();
        let undone =
            facts.iter().filter_map(|fact| if let Fact::Undone { step, .. } = fact { Some(step) } else { None });
        let undone: Vec<_> = undone.map(|step| step_name(step)).collect();
        assert_eq!(undone, if end == End::Committed { vec![] } else { begun }, "{facts:#?}");
    }

    /// No lock, process, guard, half release or schema that nobody asked to be kept.
    #[track_caller]
    fn assert_nothing_left(&self, end: End) {
        eventually("no process of the run is left", || self.processes().is_empty());
        assert!(!self.is_held("lock") && !self.is_held("step.lock"));
        assert_eq!(self.crontab(), "", "the guard takes itself away");
        assert_eq!(self.list(".backstay/incoming"), Vec::<String>::new());
        if end == End::Stuck {
            return;
        }
        let run = self.run_id();
        assert!(!self.path.join(".backstay/runs").join(&run).join("secrets").exists());
        let committed: Vec<String> =
            self.list(".backstay/runs").into_iter().filter(|run| self.has_committed(run)).collect();
        assert_eq!(self.list("releases"), committed, "releases are those of runs that committed");
        let is_kept = |name: &String| {
            let run = name.rsplit('_').next().unwrap_or_default();
            name.contains("__failed_") || committed.iter().any(|committed| committed.ends_with(run))
        };
        let beside = self.beside();
        assert!(beside.iter().all(is_kept), "{beside:?}");
    }

    fn has_committed(&self, run: &str) -> bool {
        let journal = self.path.join(".backstay/runs").join(run).join("journal");
        std::fs::read_to_string(journal).is_ok_and(|journal| journal.contains(" ended committed "))
    }

    /// The first line of JSON that a command says.
    #[track_caller]
    fn line_of(&self, args: &[&str]) -> Value {
        let finished = self.backstay(args).is(0);
        serde_json::from_str(finished.stdout.lines().next().unwrap_or_default()).expect("a JSON line")
    }

    /// `status` says what is seen from outside.
    #[track_caller]
    pub fn tells(&self, state: &str) {
        let (status, run) = (self.line_of(&["status", "--json"]), self.run_id());
        assert_eq!((&status["state"], &status["run"]), (&state.into(), &run.as_str().into()), "{status}");
        assert_eq!(status["maintenance"] == true, self.get("/").0 == 503, "{status}");
        let has_ended = !matches!(state, "running" | "unsettled");
        assert_eq!(!status["finished_at"].is_null(), has_ended, "{status}");
        assert_eq!(!status["reason"].is_null(), matches!(state, "rolled-back" | "stuck"), "{status}");
        if matches!(state, "rolled-back" | "committed") {
            let live = self.live_revision().expect("a release is live");
            assert!(status["release"].as_str().is_some_and(|release| release.ends_with(&live)), "{status}");
        }
    }

    /// So do `history` and `logs`, and people are told as well.
    #[track_caller]
    pub fn tells_everywhere(&self, state: &str) {
        self.tells(state);
        let (history, run) = (self.line_of(&["history", "--json"]), self.run_id());
        assert_eq!((&history["state"], &history["run"]), (&state.into(), &run.as_str().into()), "{history}");
        self.backstay(&["logs"]).is(0).says(&format!("run {run} · {state}"));
        let next = match state {
            "running" => "backstay abort",
            "unsettled" => "backstay settle",
            "stuck" => "--retry",
            _ => state,
        };
        self.backstay(&["status"]).is(0).says(next);
    }
}
