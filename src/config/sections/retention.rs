//! `retention`: how many archives are kept.

use crate::config::{
    load::{Resolved, Resolver},
    raw,
    types::Retention,
};

impl Resolver<'_> {
    pub(in crate::config) fn retention(&self, raw: Option<raw::Retention>) -> Resolved<Option<Retention>> {
        let Some(raw) = raw else { return Ok(None) };
        let count = |count: Option<u32>| count.unwrap_or(0);
        let retention = Retention {
            last: count(raw.last),
            daily: count(raw.daily),
            weekly: count(raw.weekly),
            monthly: count(raw.monthly),
        };
        if retention == Retention::default() {
            let help = Some(
                "say how many: `retention: { last: 3, daily: 7, weekly: 4, monthly: 6 }`; without the key all are kept"
                    .to_owned(),
            );
            return Err(self.text.at(&["retention"], "`retention` keeps nothing", help));
        }
        Ok(Some(retention))
    }
}
