//! `release`: how code reaches the target.

use crate::config::{
    load::{Resolved, Resolver},
    raw,
    types::{Release, Strategy},
};

impl Resolver<'_> {
    pub(in crate::config) fn release(&self, raw: raw::Release) -> Resolved<Release> {
        let mode = raw.mode.unwrap_or_else(|| "0755".to_owned());
        // its owner links what is shared into the release, so must be able to write there
        let bits = u32::from_str_radix(&mode, 8).ok().filter(|bits| *bits <= 0o7777 && bits & 0o700 == 0o700);
        let mode = bits.ok_or_else(|| {
            let help = Some("write octal digits in quotes, such as \"0755\" or \"0750\"".to_owned());
            self.text.at(&["release", "mode"], format!("{mode:?} is no mode for directories"), help)
        })?;
        let shared = raw.shared.unwrap_or_default();
        let outside =
            |path: &String| path.starts_with('/') || path.split('/').any(|part| part == "..") || path.is_empty();
        if let Some(path) = shared.iter().find(|p| outside(p)) {
            let help = Some("paths in `shared` are relative to the release".to_owned());
            return Err(self.text.at(&["release", "shared"], format!("{path:?} leaves the release"), help));
        }
        let strategy = match raw.strategy {
            Some(raw::Strategy::None) => Strategy::None,
            Some(raw::Strategy::Symlink) | None => Strategy::Symlink,
        };
        let reload = raw.reload.unwrap_or_default();
        if strategy == Strategy::None && !reload.is_empty() {
            let help = Some("with release.strategy none nothing is switched: reload in a hook beside smoke".to_owned());
            return Err(self.text.at(&["release", "reload"], "`reload` would never run", help));
        }
        let keep = raw.keep.unwrap_or(5);
        if keep == 0 {
            let help = Some("write 1 or more; the live release and the one before it stay in any case".to_owned());
            return Err(self.text.at(&["release", "keep"], "no release cannot be kept", help));
        }
        Ok(Release { strategy, keep, shared, exclude: raw.exclude.unwrap_or_default(), mode, reload })
    }
}
