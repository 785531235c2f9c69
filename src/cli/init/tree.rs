//! The files of a repository, read and never changed. Paths begin at its root and have `/` between their parts; `""` is the root.

use std::path::PathBuf;

/// What is longer is nothing that `init` has to understand.
const LONGEST_BYTES: u64 = 1024 * 1024;

/// A repository's files.
pub(super) trait Tree {
    /// The text of a file; none where there is no such file, or no text in it.
    fn text(&self, path: &str) -> Option<String>;
    /// Whether a file is there.
    fn has(&self, path: &str) -> bool;
    /// The names of a folder's folders, in order.
    fn folders(&self, path: &str) -> Vec<String>;
    /// The names of a folder's files, in order.
    fn files(&self, path: &str) -> Vec<String>;
}

/// A path below a folder.
pub(super) fn below(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// A repository on this machine.
#[derive(Debug)]
pub(super) struct Disk {
    /// Its root.
    pub(super) root: PathBuf,
}

impl Disk {
    fn entries(&self, path: &str, is_wanted: impl Fn(&std::fs::Metadata) -> bool) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.root.join(path)) else { return Vec::new() };
        // links are followed: a folder may be one
        let wanted =
            entries.flatten().filter(|entry| std::fs::metadata(entry.path()).is_ok_and(|meta| is_wanted(&meta)));
        let mut names: Vec<String> = wanted.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

impl Tree for Disk {
    fn text(&self, path: &str) -> Option<String> {
        let path = self.root.join(path);
        // a pipe would be waited for
        let is_short = std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST_BYTES);
        if is_short { std::fs::read_to_string(path).ok() } else { None }
    }

    fn has(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    fn folders(&self, path: &str) -> Vec<String> {
        self.entries(path, std::fs::Metadata::is_dir)
    }

    fn files(&self, path: &str) -> Vec<String> {
        self.entries(path, std::fs::Metadata::is_file)
    }
}

/// A repository in a test.
#[cfg(test)]
pub(super) struct Paper(pub(super) std::collections::BTreeMap<String, String>);

#[cfg(test)]
impl Paper {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn names(&self, path: &str, folders: bool) -> Vec<String> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let inside = self.0.keys().filter_map(|file| file.strip_prefix(&prefix));
        let mut names: Vec<String> = inside
            .filter_map(|rest| match rest.split_once('/') {
                Some((folder, _)) => folders.then(|| folder.to_owned()),
                None => (!folders).then(|| rest.to_owned()),
            })
            .collect();
        names.dedup();
        names
    }
}

#[cfg(test)]
impl Tree for Paper {
    fn text(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }

    fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    fn folders(&self, path: &str) -> Vec<String> {
        self.names(path, true)
    }

    fn files(&self, path: &str) -> Vec<String> {
        self.names(path, false)
    }
}
