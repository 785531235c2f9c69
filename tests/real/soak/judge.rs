//! What has to hold of a site after every end: the data as they were or as they are migrated, with each acknowledged row, and
//! nothing that is left of the run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use backstay::journal::{Direction, Fact, step_name};

use super::{
    client::{FIRST, Log},
    course::{migrated, number_of, revision},
    target::{ENDS_WITHIN, Target},
};
use crate::support::{MariaDb, Schema, Site, as_user_at_home, eventually};

/// The data as they have to be: another schema on the same server, which the same migrations are done to once their runs have
/// committed. Nobody else writes to it, and Backstay does not know of it.
pub struct Reference {
    schema: Schema,
    /// The committed runs' migrations, oldest first.
    done: Vec<u32>,
    /// The app's own rows of the table that users write to, without their stamp.
    rows: String,
    stamps: String,
    revision: String,
    /// All else, as [`without_users`] has it.
    other: String,
}

const OWN_ROWS: &str = "SELECT id, customer_id, HEX(note) FROM orders WHERE id < 1000 ORDER BY id";
const OWN_STAMPS: &str = "SELECT id, total FROM orders WHERE id < 1000 ORDER BY id";

impl Reference {
    pub fn new(server: &'static MariaDb, site: &Site) -> Self {
        let live = site.schema();
        let schema = server.take_schema(&format!("reference_{}", site.port));
        schema.load(&live.dump());
        let (rows, stamps) = (live.query(OWN_ROWS), live.query(OWN_STAMPS));
        let revision = site.live_revision().expect("a release is live");
        let other = without_users(&schema, &live.name);
        Self { schema, done: vec![], rows, stamps, revision, other }
    }

    fn migrate(&mut self, number: u32, live: &Schema) {
        self.schema.query(&migrated(number));
        self.done.push(number);
        let ids = self.rows.lines().filter_map(|row| row.split('\t').next());
        self.stamps = ids.map(|id| format!("{id}\t{number}.00\n")).collect();
        self.revision = revision(number);
        self.other = without_users(&self.schema, &live.name);
    }
}

/// Every definition and row but the rows that users write, and the counter that moves with them.
fn without_users(schema: &Schema, name: &str) -> String {
    let mut is_theirs = false;
    let mut kept = String::new();
    for line in schema.everything().lines() {
        if line.contains("\tCREATE TABLE ") {
            is_theirs = line.starts_with("orders\t");
        } else if is_theirs {
            continue;
        }
        let counter = line.split_once(" AUTO_INCREMENT=").filter(|_| is_theirs);
        let (before, after) = counter.unwrap_or((line, ""));
        kept.extend([before, after.trim_start_matches(|c: char| c.is_ascii_digit()), "\n"]);
    }
    kept.replace(&schema.name, name)
}

impl Target<'_> {
    /// Looks at every run that has ended since the last look, and at what they have left.
    pub fn judge(&mut self) {
        let soak = self.soak;
        let _up = soak.up.read().expect("no panic while held");
        self.judge_under_way();
    }

    /// The same, where the server is known to stay up.
    pub fn judge_under_way(&mut self) {
        let runs: Vec<String> =
            self.site.list(".backstay/runs").into_iter().filter(|run| !self.judged.contains(run)).collect();
        let committed: Vec<u32> = runs.iter().filter_map(|run| self.decision(run)).collect();
        for number in &committed {
            self.reference.migrate(*number, self.site.schema());
        }
        self.assert_data(&committed);
        self.assert_nothing_left(&runs);
        if runs.last().is_some_and(|run| has_tidied(&self.facts(run))) {
            self.assert_retention();
        }
        self.judged.extend(runs);
    }

    /// The number of a run that has committed. A journal never has both decisions, and has an end.
    fn decision(&self, run: &str) -> Option<u32> {
        let facts = self.facts(run);
        let has = |fact: &Fact| facts.contains(fact);
        assert!(!(has(&Fact::Commit) && has(&Fact::Restored)), "{run}: {facts:#?}");
        let direction = match facts.last() {
            None => {
                self.soak.count("ends: never began", 1);
                return None;
            }
            Some(Fact::Ended { direction }) => *direction,
            Some(_) => panic!("{run} has no end: {facts:#?}"),
        };
        let (decisive, name) = match direction {
            Direction::Committed => (Fact::Commit, "committed"),
            Direction::RolledBack => (Fact::Restored, "rolled back"),
        };
        assert!(has(&decisive), "{run}: {facts:#?}");
        self.soak.count(format!("ends: {name}"), 1);
        if has(&Fact::Recover) {
            self.soak.count("ends: after a recovery", 1);
        }
        (direction == Direction::Committed).then(|| number_of(run).expect("ours"))
    }

    /// The site is open with the right version, and the data are what they have to be while nobody writes.
    fn assert_data(&self, committed: &[u32]) {
        let mut log = self.client.pause();
        let (case, live) = (self.case(), self.site.schema());
        let reference = &self.reference;
        eventually(&format!("{case}: the site is open with {}", reference.revision), || {
            let (status, page) = self.front.get("/");
            status == 200 && page.contains(&reference.revision)
        });
        assert_eq!(self.site.live_revision().as_ref(), Some(&reference.revision), "{case}");
        assert_eq!(without_users(live, &live.name), reference.other, "{case}: definitions and reference data");
        assert_eq!(live.query(OWN_ROWS), reference.rows, "{case}: the app's own rows");
        assert_eq!(live.query(OWN_STAMPS), reference.stamps, "{case}: the stamps of the app's own rows");
        self.assert_users_rows(&mut log, committed);
    }

    /// Each acknowledged row is there as it was acknowledged last, with the stamp of the last committed migration, and no row that nobody
    /// wrote. What there was doubt about is known from now on.
    fn assert_users_rows(&self, log: &mut Log, committed: &[u32]) {
        let rows = self.site.schema().query(&format!(
            "SELECT id, note, CAST(total AS UNSIGNED) FROM orders WHERE id >= {FIRST} AND customer_id = 1"
        ));
        let row = |line: &str| {
            let mut words = line.split('\t');
            let mut word = || words.next().expect("three words").to_owned();
            let (id, note, stamp) = (word(), word(), word());
            (id.parse::<u32>().expect("a number"), (note, stamp.parse::<u32>().expect("a number")))
        };
        let mut found: BTreeMap<u32, (String, u32)> = rows.lines().map(row).collect();
        let case = self.case();
        let mut missing = vec![];
        for (id, row) in &mut log.rows {
            let Some((text, stamp)) = found.remove(id) else {
                assert!(row.may_lack, "{case}: row {id} was acknowledged and is lost: {row:?}");
                missing.push(*id);
                continue;
            };
            let known = row.texts.iter().find(|written| written.text == text).cloned();
            let known = known.unwrap_or_else(|| panic!("{case}: row {id} was changed to {text}: {row:?}"));
            let last = committed.last().copied();
            let is_right = match row.stamp {
                Some(before) => stamp == last.unwrap_or(before),
                None => stamp == 0 || committed.contains(&stamp),
            };
            assert!(is_right, "{case}: row {id} has the stamp {stamp}, and {committed:?} have committed: {row:?}");
            (row.texts, row.may_lack, row.stamp) = (vec![known], false, Some(stamp));
        }
        assert!(found.is_empty(), "{case}: rows that nobody wrote: {found:?}");
        log.rows.retain(|id, _| !missing.contains(id));
    }

    /// No process, lock, guard or secret. What a kill after the end has left the guard takes away.
    fn assert_nothing_left(&self, runs: &[String]) {
        let case = self.case();
        for line in self.site.crontab_lines().iter().filter_map(|line| line.strip_prefix("* * * * * ")) {
            self.soak.count("guards that ran after the end", 1);
            as_user_at_home(&format!("{line}; :"));
        }
        assert_eq!(self.site.crontab(), "", "{case}: the guard takes itself away");
        let _no_requests = self.client.pause();
        self.await_no_process();
        assert!(!self.site.is_held("lock") && !self.site.is_held("step.lock"), "{case}");
        // what never began, since its executor and its link were killed, goes with the next run
        for run in runs.iter().filter(|run| !self.facts(run).is_empty()) {
            assert!(
                !self.site.path.join(".backstay/runs").join(run).join("secrets").exists(),
                "{case}: {run} has secrets"
            );
        }
    }

    /// Retention whose script was killed may go on for as long as it waits for the server: nobody is disturbed by that, and the next run ends
    /// it first.
    fn await_no_process(&self) {
        let began = Instant::now();
        while !self.site.processes().is_empty() {
            let is_too_long = began.elapsed() > ENDS_WITHIN;
            assert!(!is_too_long, "{}: processes are left: {:?}", self.case(), self.site.processes());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Releases and schemas are those of committed runs, and no more than are to be kept.
    pub fn assert_retention(&self) {
        let case = self.case();
        let committed: BTreeSet<String> =
            self.reference.done.iter().map(|number| revision(*number)).chain(["1111111".to_owned()]).collect();
        let is_of_committed = |name: &String| committed.iter().any(|revision| name.ends_with(revision));
        let releases = self.site.list("releases");
        // the newest two, and the one that was live before
        assert!(releases.iter().all(is_of_committed) && releases.len() <= 3, "{case}: {releases:?}");
        let beside = self.site.beside();
        let is_copy = |name: &String| name.contains("__backstay_") && is_of_committed(name);
        assert!(beside.iter().all(is_copy) && beside.len() <= 1, "{case}: {beside:?}");
    }
}

/// Whether retention was carried out to its end and left nothing for the next time. A run that fails before it knows the databases leaves
/// theirs to the next.
fn has_tidied(facts: &[Fact]) -> bool {
    let warned = |fact: &Fact| {
        matches!(fact, Fact::Warning(_)) || matches!(fact, Fact::Reported { name, .. } if name == "warning")
    };
    let tidied = |fact: &Fact| matches!(fact, Fact::Finished { step, code: 0, .. } if step_name(step) == "tidy");
    let knows = |fact: &Fact| matches!(fact, Fact::End { step, code: 0, .. } if step_name(step) == "settings");
    facts.iter().any(knows) && facts.iter().any(tidied) && !facts.iter().any(warned)
}
