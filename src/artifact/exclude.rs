//! `release.exclude`: paths of the artifact that are left out, from its root; `*` stands for any part of one name.

/// The paths that are left out, with everything below them.
#[derive(Debug, Clone)]
pub(super) struct Exclude(Vec<Vec<Vec<u8>>>);

impl Exclude {
    pub(super) fn new(paths: &[String]) -> Self {
        let parts = |path: &String| -> Vec<Vec<u8>> {
            let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
            parts.map(|part| part.as_bytes().to_vec()).collect()
        };
        Self(paths.iter().map(parts).filter(|parts: &Vec<_>| !parts.is_empty()).collect())
    }

    /// Whether the path, or a folder that it is in, is left out.
    pub(super) fn covers(&self, path: &[u8]) -> bool {
        self.0.iter().any(|pattern| {
            let mut parts = path.split(|b| *b == b'/');
            pattern.iter().all(|pattern| parts.next().is_some_and(|part| matches(pattern, part)))
        })
    }
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            matches(rest, name) || name.split_first().is_some_and(|(_, tail)| matches(pattern, tail))
        }
        (Some((p, rest)), Some((n, tail))) if p == n => matches(rest, tail),
        (Some(_), Some(_) | None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_left_out_with_all_below_it_and_nothing_else() {
        let exclude = Exclude::new(&[".git", "tests/", "./a/b", "logs/*.log", ""].map(str::to_owned));
        for path in [".git", ".git/HEAD", "tests/x/y", "a/b", "a/b/c", "logs/x.log", "logs/.log"] {
            assert!(exclude.covers(path.as_bytes()), "{path}");
        }
        for path in [".gitignore", "vendor/tests", "a", "a/bc", "logs/x.logs", "logs"] {
            assert!(!exclude.covers(path.as_bytes()), "{path}");
        }
    }
}
