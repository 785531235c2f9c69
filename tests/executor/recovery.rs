//! The recovery table: what follows from which journal. Exactly one row applies to every journal that there can be, and the
//! executor does what the row says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use backstay::journal::{End, Entry, Fact, RunState};
use sha2::{Digest, Sha256};

use super::{
    cases::each_case,
    support::{Ground, Shell},
};

/// What recovery does. Each row stands for a way in which an executor can be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// It died before its first line, or in it: nothing began.
    Discard,
    /// It died before the decision: all that began is undone, in reverse.
    GoBack,
    /// It died after the restored record: nothing is restored again, the site is opened.
    FinishBack,
    /// It died after the commit record: the site is opened.
    FinishForward,
    /// It died after a person's word.
    TakeWord,
    /// It died after its last record, or did not die.
    Nothing,
    /// A line in the middle was lost: nothing is touched.
    Stuck,
}

/// Those that need no person, and no line that was lost.
pub const ROWS_OF_A_CRASH: [Row; 5] = [Row::Discard, Row::GoBack, Row::FinishBack, Row::FinishForward, Row::Nothing];

type Condition = fn(&Found) -> bool;

/// The table. A row is chosen by its condition alone, so that their order does not matter.
const TABLE: [(Row, Condition); 7] = [
    (Row::Nothing, |found| found.ended),
    (Row::TakeWord, |found| !found.ended && found.accepted.is_some()),
    (Row::Stuck, |found| found.is_open() && found.damaged),
    (Row::Discard, |found| found.is_open() && !found.damaged && !found.started),
    (Row::FinishForward, |found| found.is_open() && !found.damaged && found.started && found.commit),
    (Row::FinishBack, |found| found.is_open() && !found.damaged && found.started && !found.commit && found.restored),
    (Row::GoBack, |found| found.is_open() && !found.damaged && found.started && !found.commit && !found.restored),
];

/// What a journal says.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a record that stands or not, and the table is about all of them"
)]
struct Found {
    started: bool,
    damaged: bool,
    commit: bool,
    restored: bool,
    accepted: Option<String>,
    ended: bool,
    begun: Vec<String>,
    undone: BTreeSet<String>,
}

impl Found {
    fn is_open(&self) -> bool {
        !self.ended && self.accepted.is_none()
    }

    /// Lines that are whole; one that does not follow the one before shows that one was lost.
    fn read(journal: &[u8]) -> Self {
        let (mut found, mut seq) = (Self::default(), 0);
        for entry in entries(journal) {
            found.damaged |= entry.seq != seq + 1;
            seq = entry.seq;
            match entry.fact {
                Fact::Start { .. } => found.started = true,
                Fact::Begin(step) => found.begun.push(step),
                Fact::Undone { step, .. } => drop(found.undone.insert(step)),
                Fact::Commit => found.commit = true,
                Fact::Restored => found.restored = true,
                Fact::Retry(_) => (found.ended, found.accepted) = (false, None),
                Fact::Accept { state, .. } => (found.ended, found.accepted) = (false, Some(state)),
                Fact::Ended { .. } | Fact::Stuck { .. } => found.ended = true,
                Fact::End { .. }
                | Fact::Skip(_)
                | Fact::Await
                | Fact::Verdict(_)
                | Fact::Abort { .. }
                | Fact::Undo(_)
                | Fact::UndoFailed { .. }
                | Fact::Finish(_)
                | Fact::Finished { .. }
                | Fact::Reported { .. }
                | Fact::Warning(_)
                | Fact::Notified { .. }
                | Fact::Recover
                | Fact::Rebooted => {}
            }
        }
        found
    }

    fn rows(&self) -> Vec<Row> {
        TABLE.iter().filter(|(_, applies)| applies(self)).map(|(row, _)| *row).collect()
    }

    /// The scripts that recovery runs, and what it calls the end.
    fn scripts(&self, row: Row) -> (Vec<String>, &str) {
        let open = || "finish open".to_owned();
        match row {
            Row::Discard => (vec![], "discarded"),
            Row::Nothing => (vec![], "as it was"),
            Row::Stuck => (vec![], "stuck"),
            Row::FinishForward => (vec![open()], "committed"),
            Row::FinishBack => (vec![open()], "rolled-back"),
            Row::TakeWord => (vec![open()], self.accepted.as_deref().unwrap_or_default()),
            Row::GoBack => {
                let left = self.begun.iter().rev().filter(|step| !self.undone.contains(*step) && *step != "01-close");
                let undo = left.map(|step| format!("undo {}", backstay::journal::step_name(step)));
                (undo.chain([open()]).collect(), "rolled-back")
            }
        }
    }
}

fn entries(journal: &[u8]) -> Vec<Entry> {
    let whole = journal.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    whole.filter_map(|line| Entry::parse(std::str::from_utf8(line).ok()?.trim_end_matches('\n')).ok()).collect()
}

const STEPS: [&str; 3] = ["01-close", "02-data", "03-code"];

/// Where a legal sequence of facts stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    Before,
    /// So many steps have ended well.
    Between(usize),
    In(usize),
    Awaiting,
    Decided,
    Aborted,
    Undoing(usize),
    Finishing(&'static str),
    InFinish(&'static str),
    Stuck,
    Over,
}

/// All facts of a run so far, in order.
#[derive(Debug, Clone)]
struct Course {
    facts: Vec<String>,
    place: Place,
    /// So many of the steps that began are left to be undone.
    left: usize,
    /// So often it is interrupted, by a crash or by a person.
    turns: u8,
}

impl Course {
    fn then(&self, fact: &str, place: Place) -> Self {
        Self { facts: [self.facts.clone(), vec![fact.to_owned()]].concat(), place, ..self.clone() }
    }

    /// Every course that is longer by one fact. `boot` and `hash` stand for those of the run.
    fn longer(&self) -> Vec<Self> {
        let abort = || self.then("abort step 02-data exit 1", Place::Aborted);
        let mut all = match self.place {
            Place::Before => vec![self.then("start BOOT HASH", Place::Between(0))],
            Place::Between(3) => vec![self.then("await", Place::Awaiting), abort()],
            Place::Between(at) => {
                let begun = Self { left: at + 1, ..self.then(&format!("begin {}", STEPS[at]), Place::In(at)) };
                vec![begun, abort()]
            }
            Place::In(at) => {
                let failed = self.then(&format!("end {} 3 no such column", STEPS[at]), Place::In(at));
                let failed = failed.then("abort step 02-data exit 3", Place::Aborted);
                vec![self.then(&format!("end {} 0 ", STEPS[at]), Place::Between(at + 1)), failed]
            }
            Place::Awaiting => vec![self.then("verdict commit", Place::Decided), abort()],
            Place::Decided => vec![self.then("commit", Place::Finishing("committed")), abort()],
            // users are sent back to the site by the finishing step
            Place::Aborted if self.left <= 1 => vec![self.then("restored", Place::Finishing("rolled-back"))],
            Place::Aborted => {
                let step = self.left - 1;
                vec![Self { left: step, ..self.then(&format!("undo {}", STEPS[step]), Place::Undoing(step)) }]
            }
            Place::Undoing(step) => {
                let failed = self.then(&format!("undo-failed {} 1 no way back", STEPS[step]), Place::Undoing(step));
                let failed = failed.then(&format!("ended stuck {} no way back", STEPS[step]), Place::Stuck);
                let failed = Self { left: step + 1, ..failed };
                vec![self.then(&format!("undone {} 0 ", STEPS[step]), Place::Aborted), failed]
            }
            Place::Finishing(end) => vec![self.then("finish 01-open", Place::InFinish(end))],
            Place::InFinish(end) => {
                let done = self.then("finished 01-open 0 ", Place::InFinish(end));
                let failed = self.then("finished 01-open 1 ", Place::InFinish(end));
                vec![
                    done.then(&format!("ended {end} "), Place::Over),
                    failed.then("ended stuck 01-open it failed three times", Place::Stuck),
                ]
            }
            Place::Stuck if self.turns > 0 => {
                let taken = Self { turns: self.turns - 1, ..self.clone() };
                let words = ["committed", "rolled-back"]
                    .map(|end| taken.then(&format!("accept {end} ann"), Place::Finishing(end)));
                [vec![taken.then("retry ann", taken.after_recovery())], words.to_vec()].concat()
            }
            Place::Stuck | Place::Over => vec![],
        };
        let is_open = !matches!(self.place, Place::Before | Place::Stuck | Place::Over);
        if self.turns > 0 && is_open {
            let crashed = Self { turns: self.turns - 1, ..self.clone() }.forgets_the_running_undo();
            let recovers = crashed.then("recover BOOT", crashed.after_recovery());
            all.extend([recovers.clone(), recovers.then("rebooted BOOT", recovers.place)]);
        }
        all
    }

    /// An undo that was not seen to end is done again.
    fn forgets_the_running_undo(self) -> Self {
        let left = if let Place::Undoing(step) = self.place { step + 1 } else { self.left };
        Self { left, ..self }
    }

    fn after_recovery(&self) -> Place {
        let has = |fact: &str| self.facts.iter().any(|known| known == fact);
        if has("commit") {
            Place::Finishing("committed")
        } else if has("restored") {
            Place::Finishing("rolled-back")
        } else if let Place::Finishing(end) | Place::InFinish(end) = self.place {
            Place::Finishing(end)
        } else {
            Place::Aborted
        }
    }
}

/// Every prefix of every legal sequence of facts, with a crash or a person somewhere in it.
fn courses() -> Vec<Vec<String>> {
    let first = Course { facts: vec![], place: Place::Before, left: 0, turns: 1 };
    let (mut all, mut open) = (BTreeSet::new(), vec![first]);
    while let Some(course) = open.pop() {
        open.extend(course.longer());
        // a course may be longer by two facts at once
        all.extend((0..=course.facts.len()).map(|length| course.facts[..length].to_vec()));
    }
    all.into_iter().collect()
}

/// What may have become of a journal's last lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Whole,
    /// The last line lacks its newline.
    NoNewline,
    /// It lacks more.
    Torn,
    /// It was torn, and a next executor has closed it.
    Closed,
    /// A line before it is not what was written.
    Damaged,
}

const FORMS: [Form; 5] = [Form::Whole, Form::NoNewline, Form::Torn, Form::Closed, Form::Damaged];

/// The bytes of these facts; none where that form cannot be.
fn bytes(facts: &[String], form: Form) -> Option<Vec<u8>> {
    let lines = (1_u64..).zip(facts).map(|(seq, fact)| {
        let body = format!("{seq} 100 1767225600 {fact}");
        format!("{body} #{}\n", cksum(body.as_bytes()))
    });
    let lines: Vec<String> = lines.collect();
    let last = lines.last().map_or(0, String::len);
    let mut text = lines.concat().into_bytes();
    match form {
        Form::Whole => {}
        Form::NoNewline if last > 0 => text.truncate(text.len() - 1),
        Form::Torn if last > 0 => text.truncate(text.len() - 9),
        Form::Closed if last > 0 => {
            text.truncate(text.len() - 1);
            text.extend(b"~\n");
        }
        Form::Damaged if lines.len() > 2 => {
            let at = text.len() - last - 4;
            text[at] = if text[at] == b'1' { b'2' } else { b'1' };
        }
        Form::NoNewline | Form::Torn | Form::Closed | Form::Damaged => return None,
    }
    Some(text)
}

/// The checksum of POSIX's `cksum`.
fn cksum(bytes: &[u8]) -> u32 {
    let mut length = bytes.len();
    let mut all = bytes.to_vec();
    while length > 0 {
        all.push(u8::try_from(length & 0xff).expect("a byte"));
        length >>= 8;
    }
    !all.iter().fold(0, |crc: u32, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| (crc << 1) ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
    })
}

#[test]
fn exactly_one_row_applies_to_every_journal_that_there_can_be() {
    let courses = courses();
    assert!(courses.len() > 300, "{}", courses.len());
    let mut chosen: BTreeMap<Row, usize> = BTreeMap::new();
    for facts in &courses {
        for form in FORMS {
            let Some(journal) = bytes(facts, form) else { continue };
            let found = Found::read(&journal);
            let rows = found.rows();
            assert_eq!(rows.len(), 1, "{form:?} {facts:?}: {rows:?}");
            *chosen.entry(rows[0]).or_default() += 1;
            // what the runner makes of the same lines
            let mut state = RunState::default();
            for entry in &entries(&journal) {
                state.apply(entry);
            }
            assert_eq!(state.end.is_some(), found.ended, "{form:?} {facts:?}");
            assert_eq!(state.restored, found.restored, "{form:?} {facts:?}");
            let is_back = matches!(state.end, Some(End::Decided(backstay::journal::Direction::RolledBack)));
            assert_eq!(state.committed, found.commit && !is_back, "{form:?} {facts:?}");
        }
    }
    println!("{} sequences of facts: {chosen:?}", courses.len());
    assert_eq!(chosen.len(), TABLE.len(), "every row is needed: {chosen:?}");
}

/// The row that applies to a journal.
pub fn row_of(journal: &[u8]) -> Row {
    let rows = Found::read(journal).rows();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0]
}

/// A sequence of facts for each class: the row, what has begun and was undone, and what became of the last line.
fn classes() -> Vec<(String, (Vec<String>, Form))> {
    let mut classes = BTreeMap::new();
    for facts in courses() {
        for form in FORMS {
            let Some(journal) = bytes(&facts, form) else { continue };
            let found = Found::read(&journal);
            let row = found.rows()[0];
            let is_torn = matches!(form, Form::NoNewline | Form::Torn | Form::Closed);
            // how the last line was torn matters once for each row; what has begun, where something is undone
            let is_undone = row == Row::GoBack && form == Form::Whole;
            let (begun, undone) = if is_undone { (found.begun.len(), found.undone.len()) } else { (0, 0) };
            let form_of_class = (row != Row::Nothing || !is_torn).then_some(form);
            classes.entry((row, form_of_class, begun, undone, found.accepted)).or_insert((facts.clone(), form));
        }
    }
    let mut named = Vec::new();
    for (number, ((row, ..), (facts, form))) in classes.into_iter().enumerate() {
        let last = facts.last().cloned().unwrap_or_default();
        named.push((format!("{number} {row:?} {form:?} {last}"), (facts, form)));
    }
    named
}

#[test]
fn the_executor_does_what_the_row_says() {
    let classes = classes();
    println!("{} classes", classes.len());
    assert!((20..60).contains(&classes.len()), "{}", classes.len());
    each_case(4, &classes, |case, (facts, form)| {
        let number: usize = case.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
        let ground = Ground::new([Shell::Dash, Shell::Busybox, Shell::Bash][number % 3]);
        let journal = leave(&ground, facts, *form);
        let found = Found::read(&journal);
        let (scripts, end) = found.scripts(found.rows()[0]);
        ground.recover();
        let shown = format!("{case}\n{facts:#?}\n{:#?}\n{}", ground.facts(), ground.says("said"));
        let trace = ground.says("trace");
        assert_eq!(trace.lines().collect::<Vec<_>>(), scripts, "{shown}");
        match end {
            "discarded" => assert!(!ground.dir().exists(), "{shown}"),
            "as it was" => assert_eq!(ground.journal_bytes(), journal, "{shown}"),
            "stuck" => assert_eq!((ground.end(), ground.says("open").as_str()), ("stuck", ""), "{shown}"),
            end => assert_eq!((ground.end(), ground.says("open")), (end, format!("{end}\n")), "{shown}"),
        }
    });
}

/// Leaves a run whose executor is gone, with this journal.
fn leave(ground: &Ground, facts: &[String], form: Form) -> Vec<u8> {
    let incoming = ground.arrive();
    fs::create_dir_all(ground.root().join("runs")).expect("a folder");
    fs::rename(incoming, ground.dir()).expect("ours");
    fs::create_dir(ground.dir().join("state")).expect("a folder");
    fs::write(ground.dir().join("state/old"), format!("{}\n", ground.path.display())).expect("a file");
    let hashes = fs::read(ground.dir().join("hashes")).expect("part of the bundle");
    let hash: String = Sha256::digest(hashes).iter().map(|byte| format!("{byte:02x}")).collect();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("mounted");
    let named = |fact: &String| fact.replace("BOOT", boot.trim()).replace("HASH", &hash);
    let journal = bytes(&facts.iter().map(named).collect::<Vec<_>>(), form).expect("it can be");
    fs::write(ground.dir().join("journal"), &journal).expect("a file");
    journal
}
