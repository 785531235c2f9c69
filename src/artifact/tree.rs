//! What an artifact holds, read to its end, and whether that can be a release.

use std::{collections::BTreeMap, io::Read, path::Path};

use sha2::{Digest, Sha256};

use super::{
    Node,
    error::{ArtifactError, EntryFault},
    exclude::Exclude,
    source::{Kind, Source, show},
};

/// Links that lead to links: more in a row than any system follows.
const LINKS_MAX: usize = 40;

/// An artifact's paths and the size of its files together.
pub(super) struct Tree {
    pub(super) nodes: BTreeMap<Vec<u8>, Node>,
    pub(super) bytes: u64,
    /// Whether some of its files are hard links to others.
    pub(super) has_hard_links: bool,
}

/// Reads every entry. Folders that are only implied by a path are there as well.
pub(super) fn read(file: &Path, source: Source, exclude: &Exclude) -> Result<Tree, ArtifactError> {
    let mut tree = Tree { nodes: BTreeMap::new(), bytes: 0, has_hard_links: false };
    source.each(file, exclude, &mut |entry| {
        let fault = |fault| ArtifactError::Entry { file: file.to_owned(), entry: show(&entry.path), fault };
        let node = match entry.kind {
            Kind::Folder => Node::Folder,
            Kind::File => {
                let (bytes, sha256) = digest(entry.content);
                tree.bytes += bytes;
                Node::File { executable: entry.executable, sha256 }
            }
            Kind::Symlink(to) => Node::Symlink { to },
            Kind::HardLink(to) => match tree.nodes.get(&to) {
                Some(node @ Node::File { .. }) => {
                    tree.has_hard_links = true;
                    node.clone()
                }
                Some(Node::Folder | Node::Symlink { .. }) | None => {
                    return Err(fault(EntryFault::HardLinkToNothing(show(&to))));
                }
            },
        };
        make_parents(&mut tree.nodes, &entry.path).map_err(fault)?;
        match tree.nodes.get(&entry.path) {
            None => {}
            Some(Node::Folder) if node == Node::Folder => return Ok(()),
            Some(Node::Folder | Node::File { .. } | Node::Symlink { .. }) => return Err(fault(EntryFault::Duplicate)),
        }
        tree.nodes.insert(entry.path, node);
        Ok(())
    })?;
    Ok(tree)
}

fn make_parents(nodes: &mut BTreeMap<Vec<u8>, Node>, path: &[u8]) -> Result<(), EntryFault> {
    for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let parent = &path[..end];
        match nodes.get(parent) {
            Some(Node::Folder) => {}
            Some(Node::File { .. } | Node::Symlink { .. }) => return Err(EntryFault::BelowNoFolder(show(parent))),
            None => {
                nodes.insert(parent.to_vec(), Node::Folder);
            }
        }
    }
    Ok(())
}

/// A read error is kept by the source, which explains it; here the content merely ends.
fn digest(content: &mut dyn Read) -> (u64, [u8; 32]) {
    let mut hash = Sha256::new();
    let mut chunk = [0; 64 * 1024];
    let mut bytes = 0;
    while let Ok(read @ 1..) = content.read(&mut chunk) {
        hash.update(&chunk[..read]);
        bytes += read as u64;
    }
    (bytes, hash.finalize().into())
}

/// No link leads out of the tree, by whatever way, and none back to itself. A link to what is not there is let be: it may
/// lead to something shared.
pub(super) fn check_links(file: &Path, nodes: &BTreeMap<Vec<u8>, Node>) -> Result<(), ArtifactError> {
    for (path, node) in nodes {
        let Node::Symlink { to } = node else { continue };
        let fault = |fault| ArtifactError::Entry { file: file.to_owned(), entry: show(path), fault };
        follow(nodes, path, to).map_err(|wrong| {
            fault(match wrong {
                Wrong::Leaves => EntryFault::LeavesTree(show(to)),
                Wrong::Loops => EntryFault::LinkLoop,
            })
        })?;
    }
    Ok(())
}

enum Wrong {
    Leaves,
    Loops,
}

/// Walks from the link's folder along its target, through further links.
fn follow(nodes: &BTreeMap<Vec<u8>, Node>, link: &[u8], to: &[u8]) -> Result<(), Wrong> {
    let mut at: Vec<Vec<u8>> = parts(link);
    at.pop();
    let mut rest: Vec<Vec<u8>> = parts(to);
    rest.reverse();
    if to.starts_with(b"/") {
        return Err(Wrong::Leaves);
    }
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part == b".." {
            if at.pop().is_none() {
                return Err(Wrong::Leaves);
            }
            continue;
        }
        at.push(part);
        if let Some(Node::Symlink { to }) = nodes.get(&at.join(&b'/')) {
            links += 1;
            if links > LINKS_MAX {
                return Err(Wrong::Loops);
            }
            if to.starts_with(b"/") {
                return Err(Wrong::Leaves);
            }
            at.pop();
            rest.extend(parts(to).into_iter().rev());
        }
    }
    Ok(())
}

fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").map(<[u8]>::to_vec).collect()
}
