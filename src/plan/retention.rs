//! Which archives stay and which go. The target removes the names that it is told, and no others.

use std::collections::BTreeSet;

use super::backups::{Backup, BackupKind};
use crate::config::Retention;

/// Chooses among the archives of each database; the copies of runs have a retention of their own. True: it stays.
///
/// The newest one that is not known to be damaged stays whatever is configured, and so does one whose time is not known. Damaged ones
/// take no place of a good one: they go as soon as a good one is there.
pub fn stays(backups: &[Backup], retention: &Retention) -> Vec<bool> {
    let is_archive = |backup: &Backup| backup.kind == BackupKind::Archive;
    let mut stays: Vec<bool> = backups.iter().map(|backup| !is_archive(backup)).collect();
    let databases: BTreeSet<&str> = backups.iter().filter(|b| is_archive(b)).map(|b| b.database.as_str()).collect();
    for database in databases {
        let mut of_it: Vec<usize> =
            (0..backups.len()).filter(|n| is_archive(&backups[*n]) && backups[*n].database == database).collect();
        of_it.sort_by_key(|n| std::cmp::Reverse((backups[*n].created_ms, &backups[*n].run)));
        let good: Vec<usize> = of_it.iter().copied().filter(|n| backups[*n].faults.is_empty()).collect();
        // what is damaged may be all that there is
        let always = good.first().map_or(of_it.as_slice(), std::slice::from_ref);
        let undated = good.iter().filter(|n| backups[**n].created_ms.is_none());
        for n in always.iter().chain(undated).chain(good.iter().take(retention.last as usize)) {
            stays[*n] = true;
        }
        for (count, period) in
            [(retention.daily, Period::Day), (retention.weekly, Period::Week), (retention.monthly, Period::Month)]
        {
            let mut seen = BTreeSet::new();
            for n in &good {
                let Some(bucket) = backups[*n].created_ms.and_then(|ms| period.of(ms)) else { continue };
                if seen.len() < count as usize && seen.insert(bucket) {
                    stays[*n] = true;
                }
            }
        }
    }
    stays
}

/// What one archive is kept for each of.
#[derive(Clone, Copy)]
enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    /// The day, week or month (UTC) of a moment, as numbers that are the same for no other.
    fn of(self, ms: i64) -> Option<(i16, i16)> {
        let date = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_millisecond(ms).ok()?).date();
        Some(match self {
            Self::Day => (date.year(), date.day_of_year()),
            Self::Week => {
                let week = date.iso_week_date();
                (week.year(), i16::from(week.week()))
            }
            Self::Month => (date.year(), i16::from(date.month())),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn archive(created_ms: i64, faults: &[&str]) -> Backup {
        Backup {
            kind: BackupKind::Archive,
            run: format!("run-{created_ms}"),
            database: "main".to_owned(),
            engine: "sqlite".to_owned(),
            source: "shop".to_owned(),
            created_ms: Some(created_ms),
            size_bytes: Some(1),
            looked_at: None,
            faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        }
    }

    #[test]
    fn of_each_day_week_and_month_the_newest_stays() {
        // 120 days of one archive every 12 hours, the newest on Monday 2026-11-23 at noon
        let newest = 1_795_435_200_000_i64;
        let all: Vec<Backup> = (0..240).map(|n| archive(newest - n * DAY_MS / 2, &[])).collect();
        let retention = Retention { last: 3, daily: 4, weekly: 2, monthly: 3 };
        let kept: Vec<usize> =
            stays(&all, &retention).iter().enumerate().filter(|(_, stays)| **stays).map(|(n, _)| n).collect();
        // the three newest; those of 22, 21 and 20 November at noon, the first of them for its week too; the last of October and of September
        assert_eq!(kept, [0, 1, 2, 4, 6, 46, 108]);
    }

    #[test]
    fn a_damaged_archive_takes_no_place_of_a_good_one_and_stays_only_where_there_is_no_good_one() {
        let retention = Retention { last: 1, ..Retention::default() };
        let all = [archive(3 * DAY_MS, &["cut"]), archive(2 * DAY_MS, &[]), archive(DAY_MS, &[])];
        assert_eq!(stays(&all, &retention), [false, true, false]);
        assert_eq!(stays(&all[..1], &retention), [true]);
    }

    proptest! {
        #[test]
        fn the_newest_good_one_always_stays_and_no_rule_keeps_more_than_it_says(
            days in proptest::collection::vec((0_i64..400, any::<bool>()), 1..60), last in 0_u32..4, daily in 0_u32..4, weekly in 0_u32..4, monthly in 0_u32..4,
        ) {
            let all: Vec<Backup> = days.iter().enumerate()
                .map(|(n, (day, good))| archive(day * DAY_MS + i64::try_from(n).unwrap_or(0), if *good { &[] } else { &["cut"] })).collect();
            let kept = stays(&all, &Retention { last, daily, weekly, monthly });
            let newest = (0..all.len()).filter(|n| all[*n].faults.is_empty()).max_by_key(|n| all[*n].created_ms);
            if let Some(newest) = newest {
                prop_assert!(kept[newest]);
                let count = kept.iter().filter(|kept| **kept).count();
                prop_assert!(count <= (last + daily + weekly + monthly).max(1) as usize);
                prop_assert!((0..all.len()).all(|n| !kept[n] || all[n].faults.is_empty()));
            } else {
                prop_assert!(kept.iter().all(|kept| *kept));
            }
            // a second time nothing more goes
            let left: Vec<Backup> = all.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(one, _)| one.clone()).collect();
            let again = stays(&left, &Retention { last, daily, weekly, monthly });
            prop_assert!(again.iter().all(|kept| *kept));
        }
    }
}
