//! Packs an artifact anew: clean paths, configured modes, no owners; compressed, and hashed as it goes.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
};

use sha2::{Digest, Sha256};

use super::{
    Artifact, Node,
    error::ArtifactError,
    source::{Kind, show},
};

/// How the stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// zstd, level 3.
    Zstd,
    /// gzip, level 6: where the target has no zstd.
    Gzip,
}

impl Compression {
    /// The word that the target's step knows it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// SHA-256 of the compressed bytes, hex.
    pub sha256: String,
    /// How many there are.
    pub bytes: u64,
}

impl Artifact {
    /// Packs it, piece by piece, into `take`; its error ends the packing. The artifact is read again and must be what
    /// [`Artifact::open`] saw. It blocks: run it where that does no harm.
    pub fn pack(
        &self,
        mode: u32,
        compression: Compression,
        take: impl FnMut(Vec<u8>) -> io::Result<()>,
    ) -> Result<Packed, ArtifactError> {
        let pieces = Pieces { take, pending: Vec::with_capacity(PIECE_BYTES), hash: Sha256::new(), bytes: 0 };
        let given_up = |_: io::Error| ArtifactError::GivenUp;
        let pieces = match compression {
            Compression::Zstd => {
                let encoder = zstd::Encoder::new(pieces, 3).map_err(given_up)?;
                self.write(mode, encoder)?.finish().map_err(given_up)?
            }
            Compression::Gzip => {
                let encoder = flate2::write::GzEncoder::new(pieces, flate2::Compression::new(6));
                self.write(mode, encoder)?.finish().map_err(given_up)?
            }
        };
        pieces.finish().map_err(given_up)
    }

    fn write<W: Write>(&self, mode: u32, into: W) -> Result<W, ArtifactError> {
        let mut tar = tar::Builder::new(into);
        let mut seen: BTreeMap<Vec<u8>, Node> = BTreeMap::new();
        let changed = |path: &[u8]| ArtifactError::Changed { file: self.file.clone(), entry: Some(show(path)) };
        let given_up = |_: io::Error| ArtifactError::GivenUp;
        for (path, node) in &self.tree {
            if *node == Node::Folder {
                let mut header = header(tar::EntryType::Directory, 0, mode, 0);
                append(&mut tar, &mut header, &[path.as_slice(), b"/"].concat(), io::empty()).map_err(given_up)?;
            }
        }
        // a tar of hard links names the file again; it is read from the first one
        let mut contents: BTreeMap<Vec<u8>, (u32, u64, Vec<u8>)> = BTreeMap::new();
        let linked = self.linked_files()?;
        self.source.each(&self.file, &self.exclude, &mut |entry| {
            let node = self.tree.get(&entry.path).ok_or_else(|| changed(&entry.path))?;
            match entry.kind {
                Kind::Folder => {}
                Kind::Symlink(to) => {
                    if *node != (Node::Symlink { to: to.clone() }) {
                        return Err(changed(&entry.path));
                    }
                    let mut header = header(tar::EntryType::Symlink, 0, 0o777, entry.mtime);
                    append_link(&mut tar, &mut header, &entry.path, &to).map_err(given_up)?;
                }
                Kind::File => {
                    let executable = entry.executable;
                    let mode = if executable { mode } else { mode & !0o111 };
                    let mut header = header(tar::EntryType::Regular, entry.size, mode, entry.mtime);
                    let mut reader = Hashed { inner: entry.content, hash: Sha256::new(), left: entry.size };
                    if linked.contains(&entry.path) {
                        let mut kept = Vec::new();
                        reader.read_to_end(&mut kept).map_err(given_up)?;
                        append(&mut tar, &mut header, &entry.path, kept.as_slice()).map_err(given_up)?;
                        contents.insert(entry.path.clone(), (mode, entry.mtime, kept));
                    } else {
                        append(&mut tar, &mut header, &entry.path, &mut reader).map_err(given_up)?;
                    }
                    let sha256 = reader.hash.finalize().into();
                    if *node != (Node::File { executable, sha256 }) {
                        return Err(changed(&entry.path));
                    }
                }
                Kind::HardLink(to) => {
                    let (mode, mtime, content) = contents.get(&to).ok_or_else(|| changed(&entry.path))?;
                    let mut header = header(tar::EntryType::Regular, content.len() as u64, *mode, *mtime);
                    append(&mut tar, &mut header, &entry.path, content.as_slice()).map_err(given_up)?;
                }
            }
            seen.insert(entry.path, node.clone());
            Ok(())
        })?;
        let missing = self.tree.iter().find(|(path, node)| **node != Node::Folder && !seen.contains_key(*path));
        match missing {
            Some((path, _)) => Err(changed(path)),
            None => tar.into_inner().map_err(given_up),
        }
    }

    /// Files that a hard link names: their content is kept for it.
    fn linked_files(&self) -> Result<std::collections::BTreeSet<Vec<u8>>, ArtifactError> {
        let mut linked = std::collections::BTreeSet::new();
        if !self.has_hard_links {
            return Ok(linked);
        }
        self.source.each(&self.file, &self.exclude, &mut |entry| {
            if let Kind::HardLink(to) = entry.kind {
                linked.insert(to);
            }
            Ok(())
        })?;
        Ok(linked)
    }
}

fn header(kind: tar::EntryType, size: u64, mode: u32, mtime: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(mtime);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    header: &mut tar::Header,
    path: &[u8],
    content: impl Read,
) -> io::Result<()> {
    tar.append_data(header, as_path(path), content)
}

fn append_link<W: Write>(
    tar: &mut tar::Builder<W>,
    header: &mut tar::Header,
    path: &[u8],
    to: &[u8],
) -> io::Result<()> {
    tar.append_link(header, as_path(path), as_path(to))
}

fn as_path(bytes: &[u8]) -> &std::path::Path {
    std::path::Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
}

/// Exactly as many bytes as the header said, hashed. A file that has become shorter reads as zeros, and its digest tells.
struct Hashed<'a> {
    inner: &'a mut dyn Read,
    hash: Sha256,
    left: u64,
}

impl Read for Hashed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        if wanted == 0 {
            return Ok(0);
        }
        let mut read = self.inner.read(&mut into[..wanted])?;
        if read == 0 {
            into[..wanted].fill(0);
            read = wanted;
            self.hash.update(b"the file became shorter");
        }
        self.hash.update(&into[..read]);
        self.left -= read as u64;
        Ok(read)
    }
}

/// Pieces on their way: as large as one round of the target's reading.
const PIECE_BYTES: usize = 256 * 1024;

struct Pieces<F> {
    take: F,
    pending: Vec<u8>,
    hash: Sha256,
    bytes: u64,
}

impl<F: FnMut(Vec<u8>) -> io::Result<()>> Pieces<F> {
    fn finish(mut self) -> io::Result<Packed> {
        self.give()?;
        Ok(Packed { sha256: crate::plan::hex(&self.hash.finalize()), bytes: self.bytes })
    }

    fn give(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.hash.update(&self.pending);
        self.bytes += self.pending.len() as u64;
        let piece = std::mem::replace(&mut self.pending, Vec::with_capacity(PIECE_BYTES));
        (self.take)(piece)
    }
}

impl<F: FnMut(Vec<u8>) -> io::Result<()>> Write for Pieces<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE_BYTES - self.pending.len();
        let taken = room.min(bytes.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        if self.pending.len() == PIECE_BYTES {
            self.give()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
