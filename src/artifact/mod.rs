//! What is deployed with strategy `symlink`: a folder or a tar of the new release, whose root is the release's root.
//!
//! It is read to its end and checked before anything happens on the target, then packed anew: paths are clean, modes
//! are as configured, owners are gone. Knows configuration and how to send bytes to a target, nothing of runs.

mod error;
mod exclude;
mod pack;
mod pieces;
mod source;
mod sql;
mod statements;
mod tree;
mod upload;

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

pub use error::{ArtifactError, EntryFault, UploadError};
pub use pack::Compression;
pub use pieces::Packed;
pub use sql::{Dialect, Found};
pub use statements::Statements;
pub use upload::{upload, upload_packed};

use self::{exclude::Exclude, source::Source, tree::Tree};

/// What a run is sent.
#[derive(Debug, Clone)]
pub enum Parcel {
    /// The new release, with the mode of its folders.
    Release(Artifact, u32),
    /// Statements that data is restored from.
    Statements(Statements),
}

impl Parcel {
    /// See [`Artifact::pack`] and [`Statements::pack`].
    pub fn pack(&self, compression: Compression, piece: impl FnMut(Vec<u8>) -> bool) -> Result<Packed, ArtifactError> {
        match self {
            Self::Release(artifact, mode) => artifact.pack(*mode, compression, piece),
            Self::Statements(statements) => statements.pack(compression, piece),
        }
    }
}

/// A valid artifact. Its bytes stay where they are.
#[derive(Debug, Clone)]
pub struct Artifact {
    file: PathBuf,
    source: Source,
    exclude: Exclude,
    tree: Arc<Tree>,
    digest: String,
}

/// What a path of an artifact is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Folder,
    File { executable: bool, sha256: [u8; 32] },
    Symlink { to: Vec<u8> },
}

impl Artifact {
    /// Reads the whole artifact and checks it. `exclude` is what is left out, and so not looked at either;
    /// `entry_points` are files that have to be there (`artisan`). It blocks: run it where that does no harm.
    pub fn open(file: &Path, exclude: &[String], entry_points: &[&str]) -> Result<Self, ArtifactError> {
        let exclude = Exclude::new(exclude);
        let source = Source::find(file)?;
        let tree = tree::read(file, source, &exclude)?;
        tree::check_links(file, &tree.nodes)?;
        if !tree.nodes.values().any(|node| matches!(node, Node::File { .. })) {
            return Err(ArtifactError::Empty { file: file.to_owned() });
        }
        let digest = digest(&tree.nodes);
        let artifact = Self { file: file.to_owned(), source, exclude, tree: Arc::new(tree), digest };
        match entry_points.iter().find(|entry| !artifact.has(entry)) {
            Some(entry) => Err(artifact.without_entry_point(entry)),
            None => Ok(artifact),
        }
    }

    /// SHA-256, hex, of what is deployed: paths, contents, links and execute bits. The same for a folder and for
    /// tars of it, in whatever order, by whomever and whenever they were made.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The size of all files together, unpacked.
    pub fn size_bytes(&self) -> u64 {
        self.tree.bytes
    }

    /// How many files, folders and links there are.
    pub fn entries(&self) -> usize {
        self.tree.nodes.len()
    }

    /// Whether that path is in it, as whatever.
    pub fn has(&self, path: &str) -> bool {
        self.tree.nodes.contains_key(path.trim_end_matches('/').as_bytes())
    }

    /// The names directly in that folder, sorted; names that are no UTF-8 are left out.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let folder = folder.trim_end_matches('/');
        let prefix = if folder.is_empty() { Vec::new() } else { format!("{folder}/").into_bytes() };
        let below = self.tree.nodes.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let names = below.map(|(path, _)| &path[prefix.len()..]).filter(|name| !name.contains(&b'/'));
        names.filter_map(|name| String::from_utf8(name.to_vec()).ok()).collect()
    }

    /// Name and content of files directly in that folder, up to so many bytes in all: those whose names are the last
    /// ones in order come first. It reads the artifact again, and blocks.
    pub fn read(&self, folder: &str, end: &str, max_bytes: u64) -> Result<Vec<(String, Vec<u8>)>, ArtifactError> {
        let mut left = max_bytes;
        let mut wanted = BTreeMap::new();
        for name in self.list(folder).into_iter().rev().filter(|name| name.ends_with(end)) {
            let path = format!("{folder}/{name}").into_bytes();
            let Some(size) = self.tree.size(&path).filter(|size| *size <= left) else { continue };
            left -= size;
            wanted.insert(path, (name, size));
        }
        let mut found = Vec::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        self.source.each(&self.file, &self.exclude, &mut |entry| {
            let Some((name, size)) = wanted.get(&entry.path) else { return Ok(()) };
            let mut bytes = Vec::new();
            entry.content.take(*size).read_to_end(&mut bytes).map_err(|source| ArtifactError::Unreadable {
                file: self.file.clone(),
                entry: Some(name.clone()),
                source,
            })?;
            found.push((name.clone(), bytes));
            Ok(())
        })?;
        found.sort();
        Ok(found)
    }

    fn without_entry_point(&self, entry: &str) -> ArtifactError {
        let mut roots = self.tree.nodes.keys().filter(|path| !path.contains(&b'/'));
        let below = match (roots.next(), roots.next()) {
            (Some(only), None) => {
                let only = String::from_utf8_lossy(only).into_owned();
                self.has(&format!("{only}/{entry}")).then_some(only)
            }
            (Some(_), Some(_)) | (None, _) => None,
        };
        ArtifactError::NoEntryPoint { file: self.file.clone(), entry: entry.to_owned(), below }
    }
}

/// The digest over the sorted tree; every part with its length, so that no two trees read alike.
fn digest(tree: &BTreeMap<Vec<u8>, Node>) -> String {
    let mut hash = Sha256::new();
    for (path, node) in tree {
        let (kind, value): (&[u8], &[u8]) = match node {
            // folders are there because of what is in them, or not at all: archives list them or not
            Node::Folder => continue,
            Node::File { executable: false, sha256 } => (b"file", sha256),
            Node::File { executable: true, sha256 } => (b"exec", sha256),
            Node::Symlink { to } => (b"link", to),
        };
        for part in [path, kind, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    crate::plan::hex(&hash.finalize())
}
