//! What happens to one deploy, out of a seed.

use std::time::Duration;

use super::{course::Course, kills::Victim};

/// Numbers that follow from a seed: `SplitMix64`, of Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
pub struct Chance(u64);

impl Chance {
    pub fn of(seed: u64, site: u64, number: u32) -> Self {
        let mut chance = Self(seed ^ (site << 32) ^ u64::from(number));
        chance.next();
        chance
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub fn up_to_ms(&mut self, limit_ms: usize) -> Duration {
        Duration::from_millis(self.below(limit_ms) as u64)
    }
}

/// A deploy, how it is disturbed, and who ends it where nobody else does.
#[derive(Debug)]
pub struct Plan {
    pub course: Course,
    pub kills: Vec<Kill>,
    /// Where the runner is gone, somebody calls it off; else the lease does.
    pub is_aborted: bool,
    pub settled_by: Way,
}

/// One kill. Before it a run that nobody works on is taken up again.
#[derive(Debug)]
pub struct Kill {
    /// What the journal has to say first; empty: nothing.
    pub after: &'static str,
    pub delay: Duration,
    pub victim: Victim,
    pub which: u64,
    pub taken_up_by: Way,
}

/// Who takes up a run without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The executor in recovery, as cron starts it.
    Guard,
    Settle,
    NextDeploy,
}

/// What a journal says on the way: until the migration, after it, and on the way to either end.
const MIGRATING: [&str; 7] = [" start ", "-copy", "-maintenance-on", "-protect", "-protect", "-migrate", "-migrate"];
const MIGRATED: [&str; 3] = ["-switch", "-smoke", " await"];
const COMMITTED: [&str; 3] = [" verdict ", " commit", " finish "];
const ROLLED_BACK: [&str; 4] = [" undo ", " undone ", " restored", " finish "];

impl Plan {
    pub fn of(seed: u64, site: u64, number: u32) -> Self {
        let mut chance = Chance::of(seed, site, number);
        let course = Course::ALL[number as usize % Course::ALL.len()];
        let moments = match course {
            Course::Good | Course::Slow => [&MIGRATING[..], &MIGRATED, &COMMITTED, &COMMITTED].concat(),
            Course::Throws => [&MIGRATING[..], &ROLLED_BACK].concat(),
            Course::FailsChecks => [&MIGRATING[..], &MIGRATED, &ROLLED_BACK].concat(),
        };
        // before its start there is only the runner, and little to go wrong
        let first = if chance.below(16) == 0 { "" } else { chance.one_of(&moments) };
        let mut kills = vec![Kill { after: first, ..Kill::at_once(&mut chance, 400) }];
        kills.extend((0..4 + chance.below(8)).map(|_| Kill::at_once(&mut chance, 800)));
        let is_aborted = chance.below(4) > 0;
        let settled_by = chance.one_of(&[Way::Guard, Way::Settle, Way::NextDeploy]);
        Self { course, kills, is_aborted, settled_by }
    }
}

impl Kill {
    fn at_once(chance: &mut Chance, limit_ms: usize) -> Self {
        Self {
            after: "",
            delay: chance.up_to_ms(limit_ms),
            victim: chance.one_of(&Victim::OFTEN),
            which: chance.next(),
            taken_up_by: chance.one_of(&[Way::Guard, Way::Settle]),
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_kills() {
    let shown = |seed, number| format!("{:?}", Plan::of(seed, 1, number));
    assert_eq!(shown(7, 3), shown(7, 3));
    assert_ne!(shown(7, 3), shown(8, 3));
    assert_ne!(shown(7, 3), shown(7, 7));
}
