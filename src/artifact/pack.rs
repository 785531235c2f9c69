//! Packs an artifact anew for the target: clean paths, configured modes, no owners, compressed, in pieces. Knows
//! nothing of where they go.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::File,
    io::{self, Read, Seek, Write},
};

use sha2::{Digest, Sha256};

use super::{
    Artifact, Node,
    error::ArtifactError,
    pieces::{GivenUp, Packed, Pieces},
    source::{Entry, Kind, show},
    tree,
};

/// A field of a tar header; a longer name gets an entry of its own before (`@LongLink`, as GNU tar writes it).
const NAME_MAX_BYTES: usize = 100;
/// The end of the year 9999. Later times come from fields that held a negative one.
const MTIME_MAX: u64 = 253_402_300_799;

/// How the packed artifact is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Fast and small, where the target has `zstd`.
    Zstd,
    /// What every target has.
    Gzip,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        })
    }
}

impl Artifact {
    /// Reads the artifact again and packs it. `mode` is that of folders; files have the same without the execute bits,
    /// unless they were executable. `piece` gets the compressed bytes, at most 256 KiB at once, and says whether it
    /// wants more. It blocks.
    ///
    /// # Errors
    /// [`ArtifactError::Changed`] when it is not any more what [`Artifact::open`] saw, [`ArtifactError::GivenUp`] when
    /// `piece` wanted no more. What was handed out is worthless then.
    pub fn pack(
        &self,
        mode: u32,
        compression: Compression,
        piece: impl FnMut(Vec<u8>) -> bool,
    ) -> Result<Packed, ArtifactError> {
        let pieces = Pieces::new(piece);
        let failed = |source| ArtifactError::Unreadable { file: self.file.clone(), entry: None, source };
        let packed = match compression {
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(pieces, 3).map_err(failed)?;
                encoder.include_checksum(true).map_err(failed)?;
                self.write_tar(mode, encoder, zstd::Encoder::finish)
            }
            Compression::Gzip => {
                let encoder = flate2::write::GzEncoder::new(pieces, flate2::Compression::default());
                self.write_tar(mode, encoder, flate2::write::GzEncoder::finish)
            }
        };
        packed?.finish().map_err(|source| self.explained(None, source))
    }

    fn write_tar<E: Write, P>(
        &self,
        mode: u32,
        encoder: E,
        finish: impl FnOnce(E) -> io::Result<P>,
    ) -> Result<P, ArtifactError> {
        let mut packer = Packer {
            artifact: self,
            tar: tar::Builder::new(encoder),
            mode,
            packed: BTreeSet::new(),
            originals: self.tree.hard_links.values().map(|first| (first.clone(), None)).collect(),
        };
        let read = self.source.each(&self.file, &self.exclude, &mut |entry| packer.put(entry));
        read.map_err(|error| self.as_change(error))?;
        if packer.packed.len() != self.tree.nodes.len() {
            return Err(self.changed(None));
        }
        let encoder = packer.tar.into_inner().map_err(|source| self.explained(None, source))?;
        finish(encoder).map_err(|source| self.explained(None, source))
    }

    fn changed(&self, path: Option<&[u8]>) -> ArtifactError {
        ArtifactError::Changed { file: self.file.clone(), entry: path.map(show) }
    }

    /// It was whole when it was opened.
    fn as_change(&self, error: ArtifactError) -> ArtifactError {
        let changed = |entry| ArtifactError::Changed { file: self.file.clone(), entry };
        match error {
            ArtifactError::Truncated { entry, .. } | ArtifactError::Damaged { entry, .. } => changed(entry),
            ArtifactError::Entry { entry, .. } => changed(Some(entry)),
            ArtifactError::Unreadable { entry, source, .. } if is_gone(&source) => changed(entry),
            ArtifactError::Unreadable { .. }
            | ArtifactError::NotAnArchive { .. }
            | ArtifactError::Empty { .. }
            | ArtifactError::NoEntryPoint { .. }
            | ArtifactError::Changed { .. }
            | ArtifactError::GivenUp => error,
        }
    }

    fn explained(&self, path: Option<&[u8]>, source: io::Error) -> ArtifactError {
        if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<GivenUp>) {
            return ArtifactError::GivenUp;
        }
        ArtifactError::Unreadable { file: self.file.clone(), entry: path.map(show), source }
    }
}

/// What a path is no longer there, or no longer a folder, says by its error.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

struct Packer<'a, W: Write> {
    artifact: &'a Artifact,
    tar: tar::Builder<W>,
    mode: u32,
    packed: BTreeSet<Vec<u8>>,
    /// Files that hard links stand for, kept from when they come by: the stream does not go back.
    originals: BTreeMap<Vec<u8>, Option<File>>,
}

impl<W: Write> Packer<'_, W> {
    fn put(&mut self, entry: Entry<'_>) -> Result<(), ArtifactError> {
        let path = entry.path.clone();
        for folder in tree::parents(&path) {
            self.put_folder(folder, entry.mtime)?;
        }
        let io = |source| self.artifact.explained(Some(&path), source);
        match (entry.kind, self.artifact.tree.nodes.get(&path)) {
            (Kind::Folder, Some(Node::Folder)) => self.put_folder(&path, entry.mtime),
            (Kind::Symlink(to), Some(Node::Symlink { to: expected })) if to == *expected => {
                self.once(&path)?;
                self.put_link(&path, &to, entry.mtime)
            }
            (Kind::File, Some(Node::File { executable, sha256 })) if *executable == entry.executable => {
                self.once(&path)?;
                if let Some(kept) = self.originals.get_mut(&path) {
                    let mut copy = tempfile::tempfile().map_err(io)?;
                    io::copy(&mut entry.content.take(entry.size.saturating_add(1)), &mut copy).map_err(io)?;
                    let size = copy.stream_position().map_err(io)?;
                    copy.rewind().map_err(io)?;
                    let mut content = copy.try_clone().map_err(io)?;
                    *kept = Some(copy);
                    self.put_file(&path, *executable, sha256, entry.mtime, size, &mut content)
                } else {
                    self.put_file(&path, *executable, sha256, entry.mtime, entry.size, entry.content)
                }
            }
            (Kind::HardLink(to), Some(node)) => {
                if to == path && self.packed.contains(&path) {
                    return Ok(());
                }
                let first = self.artifact.tree.hard_links.get(&to).unwrap_or(&to);
                if self.artifact.tree.hard_links.get(&path) != Some(first) {
                    return Err(self.artifact.changed(Some(&path)));
                }
                self.once(&path)?;
                match node {
                    Node::Symlink { to } => self.put_link(&path, to, entry.mtime),
                    Node::File { executable, sha256 } => {
                        let Some(Some(copy)) = self.originals.get(first) else {
                            return Err(self.artifact.changed(Some(&path)));
                        };
                        let mut content = copy.try_clone().map_err(io)?;
                        content.rewind().map_err(io)?;
                        let size = content.metadata().map_err(io)?.len();
                        self.put_file(&path, *executable, sha256, entry.mtime, size, &mut content)
                    }
                    Node::Folder => Err(self.artifact.changed(Some(&path))),
                }
            }
            (Kind::Folder | Kind::Symlink(_) | Kind::File | Kind::HardLink(_), _) => {
                Err(self.artifact.changed(Some(&path)))
            }
        }
    }

    fn once(&mut self, path: &[u8]) -> Result<(), ArtifactError> {
        if self.packed.insert(path.to_vec()) { Ok(()) } else { Err(self.artifact.changed(Some(path))) }
    }

    /// Folders may be named twice, or not at all.
    fn put_folder(&mut self, path: &[u8], mtime: u64) -> Result<(), ArtifactError> {
        if self.artifact.tree.nodes.get(path) != Some(&Node::Folder) {
            return Err(self.artifact.changed(Some(path)));
        }
        if !self.packed.insert(path.to_vec()) {
            return Ok(());
        }
        let header = Self::header(tar::EntryType::Directory, self.mode, mtime);
        self.append(header, path, &[], &mut io::empty())
    }

    fn put_link(&mut self, path: &[u8], to: &[u8], mtime: u64) -> Result<(), ArtifactError> {
        let header = Self::header(tar::EntryType::Symlink, 0o777, mtime);
        self.append(header, path, to, &mut io::empty())
    }

    fn put_file(
        &mut self,
        path: &[u8],
        executable: bool,
        sha256: &[u8; 32],
        mtime: u64,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), ArtifactError> {
        let mode = if executable { self.mode } else { self.mode & !0o111 };
        let mut header = Self::header(tar::EntryType::Regular, mode, mtime);
        header.set_size(size);
        let mut hashed = Hashed { inner: content.take(size), hash: Sha256::new() };
        self.append(header, path, &[], &mut hashed)?;
        let Hashed { inner, hash } = hashed;
        let is_short = inner.limit() > 0;
        let goes_on = inner.into_inner().read(&mut [0]).map_err(|e| self.artifact.explained(Some(path), e))? > 0;
        let found: [u8; 32] = hash.finalize().into();
        if is_short || goes_on || found != *sha256 { Err(self.artifact.changed(Some(path))) } else { Ok(()) }
    }

    fn header(kind: tar::EntryType, mode: u32, mtime: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode & 0o7777);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(if mtime > MTIME_MAX { 0 } else { mtime });
        header.set_size(0);
        header
    }

    /// Names go in byte by byte: the crate's own way to set them tidies them up.
    fn append(
        &mut self,
        mut header: tar::Header,
        path: &[u8],
        to: &[u8],
        content: &mut dyn Read,
    ) -> Result<(), ArtifactError> {
        let result = (|| {
            put_name(&mut self.tar, b'K', to, &mut header.as_old_mut().linkname)?;
            put_name(&mut self.tar, b'L', path, &mut header.as_old_mut().name)?;
            header.set_cksum();
            self.tar.append(&header, content)
        })();
        result.map_err(|source| self.artifact.explained(Some(path), source))
    }
}

fn put_name<W: Write>(tar: &mut tar::Builder<W>, kind: u8, name: &[u8], field: &mut [u8; 100]) -> io::Result<()> {
    let fits = name.len().min(NAME_MAX_BYTES);
    if name.len() > NAME_MAX_BYTES {
        let mut long = tar::Header::new_gnu();
        long.as_old_mut().name[..13].copy_from_slice(b"././@LongLink");
        long.set_entry_type(tar::EntryType::new(kind));
        long.set_mode(0o644);
        long.set_uid(0);
        long.set_gid(0);
        long.set_mtime(0);
        long.set_size(name.len() as u64 + 1);
        long.set_cksum();
        tar.append(&long, name.chain(&b"\0"[..]))?;
    }
    field[..fits].copy_from_slice(&name[..fits]);
    Ok(())
}

struct Hashed<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.hash.update(&into[..read]);
        Ok(read)
    }
}
