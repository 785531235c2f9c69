//! An artifact's entries → its tree, and what must not be in one. Knows no archive format and no target.

use std::{
    collections::{BTreeMap, btree_map::Entry as Slot},
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{
    Node,
    error::{ArtifactError, EntryFault},
    exclude::Exclude,
    source::{Entry, Kind, Source, show},
};

/// As Linux has it (`path_resolution(7)`): more links than that in one path are taken for a loop.
const LINKS_MAX: usize = 40;

/// What an artifact holds.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Every path; folders that no entry names, but that entries lie in, are there too.
    pub(super) nodes: BTreeMap<Vec<u8>, Node>,
    /// For each hard link the first name of its file.
    pub(super) hard_links: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The size of all files, each as often as it has names.
    pub(super) bytes: u64,
    sizes: BTreeMap<Vec<u8>, u64>,
}

/// Reads the artifact to its end.
pub(super) fn read(file: &Path, source: Source, exclude: &Exclude) -> Result<Tree, ArtifactError> {
    let mut tree = Tree::default();
    source.each(file, exclude, &mut |entry| {
        let shown = show(&entry.path);
        let fault = |fault| ArtifactError::Entry { file: file.to_owned(), entry: shown.clone(), fault };
        let unreadable =
            |source| ArtifactError::Unreadable { file: file.to_owned(), entry: Some(shown.clone()), source };
        tree.make_room(&entry.path).map_err(fault)?;
        let node = tree.node(entry).map_err(|error| match error {
            NodeError::Fault(is) => fault(is),
            NodeError::Io(source) => unreadable(source),
        })?;
        let Some((path, node)) = node else { return Ok(()) };
        match tree.nodes.entry(path) {
            Slot::Vacant(slot) => {
                slot.insert(node);
                Ok(())
            }
            // archives that were appended to name their folders again
            Slot::Occupied(slot) if (slot.get(), &node) == (&Node::Folder, &Node::Folder) => Ok(()),
            Slot::Occupied(_) => Err(fault(EntryFault::Duplicate)),
        }
    })?;
    Ok(tree)
}

enum NodeError {
    Fault(EntryFault),
    Io(io::Error),
}

impl Tree {
    /// The size of a file that is no hard link.
    pub(super) fn size(&self, path: &[u8]) -> Option<u64> {
        self.sizes.get(path).copied()
    }

    /// The folders that the path lies in.
    fn make_room(&mut self, path: &[u8]) -> Result<(), EntryFault> {
        for folder in parents(path) {
            match self.nodes.get(folder) {
                Some(Node::Folder) => {}
                Some(Node::File { .. } | Node::Symlink { .. }) => return Err(EntryFault::BelowNoFolder(show(folder))),
                None => {
                    self.nodes.insert(folder.to_vec(), Node::Folder);
                }
            }
        }
        Ok(())
    }

    fn node(&mut self, entry: Entry<'_>) -> Result<Option<(Vec<u8>, Node)>, NodeError> {
        let Entry { path, kind, executable, mtime: _, size: _, content } = entry;
        let node = match kind {
            Kind::Folder => Node::Folder,
            Kind::Symlink(to) if to.is_empty() => return Err(NodeError::Fault(EntryFault::LinkToNothing)),
            Kind::Symlink(to) => Node::Symlink { to },
            Kind::File => {
                let (sha256, bytes) = hash(content).map_err(NodeError::Io)?;
                self.bytes += bytes;
                self.sizes.insert(path.clone(), bytes);
                Node::File { executable, sha256 }
            }
            Kind::HardLink(to) => {
                let nothing = || NodeError::Fault(EntryFault::HardLinkToNothing(show(&to)));
                // `tar` writes a file that was named to it twice as a link to itself
                if to == path && self.nodes.contains_key(&path) {
                    return Ok(None);
                }
                let first = self.hard_links.get(&to).unwrap_or(&to).clone();
                let node = self.nodes.get(&first).filter(|node| **node != Node::Folder).ok_or_else(nothing)?.clone();
                let bytes = self.sizes.get(&first).copied().unwrap_or(0);
                self.bytes += bytes;
                self.hard_links.insert(path.clone(), first);
                node
            }
        };
        Ok(Some((path, node)))
    }
}

/// `a` and `a/b` of `a/b/c`.
pub(super) fn parents(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(n, _)| &path[..n])
}

fn hash(content: &mut dyn Read) -> io::Result<([u8; 32], u64)> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        match content.read(&mut chunk) {
            Ok(0) => return Ok((hash.finalize().into(), bytes)),
            Ok(n) => {
                hash.update(&chunk[..n]);
                bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Follows every symlink as the kernel would: none may leave the tree on its way, or never arrive. A link to a path
/// of the tree that is not there is fine: it may come with what is shared, or with the first request.
pub(super) fn check_links(file: &Path, nodes: &BTreeMap<Vec<u8>, Node>) -> Result<(), ArtifactError> {
    for (path, node) in nodes {
        let Node::Symlink { to } = node else { continue };
        let fault = |fault| ArtifactError::Entry { file: file.to_owned(), entry: show(path), fault };
        follow(path, nodes).map_err(|astray| match astray {
            Astray::Outside => fault(EntryFault::LeavesTree(show(to))),
            Astray::Round => fault(EntryFault::LinkLoop),
        })?;
    }
    Ok(())
}

enum Astray {
    Outside,
    Round,
}

fn follow(link: &[u8], nodes: &BTreeMap<Vec<u8>, Node>) -> Result<(), Astray> {
    // what is still to be walked, the next part last
    let mut ahead: Vec<&[u8]> = link.rsplit(|b| *b == b'/').collect();
    let mut here: Vec<u8> = Vec::new();
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        match part {
            b"" | b"." => continue,
            b".." if here.is_empty() => return Err(Astray::Outside),
            b".." => {
                let parent = here.iter().rposition(|b| *b == b'/').unwrap_or(0);
                here.truncate(parent);
                continue;
            }
            name => {
                if !here.is_empty() {
                    here.push(b'/');
                }
                here.extend_from_slice(name);
            }
        }
        let Some(Node::Symlink { to }) = nodes.get(&here) else { continue };
        links += 1;
        if links > LINKS_MAX {
            return Err(Astray::Round);
        }
        if to.starts_with(b"/") {
            return Err(Astray::Outside);
        }
        let parent = here.iter().rposition(|b| *b == b'/').unwrap_or(0);
        here.truncate(parent);
        ahead.extend(to.rsplit(|b| *b == b'/'));
    }
    Ok(())
}
