//! Reads a folder or a tar, entry by entry, each with a clean path. What an entry means is decided elsewhere.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{FileTypeExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

use super::{
    error::{ArtifactError, EntryFault},
    exclude::Exclude,
};

/// What kind of thing the artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Folder,
    Tar,
    TarGz,
    TarZst,
}

/// One entry, as its source has it.
pub(super) struct Entry<'a> {
    /// Relative, without `.`, `..`, `//` or a final `/`.
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) executable: bool,
    /// Seconds since 1970.
    pub(super) mtime: u64,
    /// Of files, as the source says before it is read.
    pub(super) size: u64,
    /// A file's content.
    pub(super) content: &'a mut dyn Read,
}

pub(super) enum Kind {
    Folder,
    File,
    Symlink(Vec<u8>),
    /// To another entry, by its clean path.
    HardLink(Vec<u8>),
}

type Visit<'a> = dyn FnMut(Entry<'_>) -> Result<(), ArtifactError> + 'a;

impl Source {
    /// Looks at what the file is by its first bytes: a name proves nothing.
    pub(super) fn find(file: &Path) -> Result<Self, ArtifactError> {
        let unreadable = |source| ArtifactError::Unreadable { file: file.to_owned(), entry: None, source };
        let no = |what| Err(ArtifactError::NotAnArchive { file: file.to_owned(), what });
        if fs::metadata(file).map_err(unreadable)?.is_dir() {
            return Ok(Self::Folder);
        }
        let mut head = Vec::new();
        File::open(file).map_err(unreadable)?.take(512).read_to_end(&mut head).map_err(unreadable)?;
        match head.as_slice() {
            [] => no("it is empty"),
            [0x1f, 0x8b, ..] => Ok(Self::TarGz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Self::TarZst),
            [b'P', b'K', ..] => no("it looks like a zip"),
            [b'B', b'Z', b'h', ..] => no("it looks like bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => no("it looks like xz"),
            head if is_tar_header(head) => Ok(Self::Tar),
            head if head.len() < 512 && head.get(257..262) == Some(b"ustar".as_slice()) => {
                Err(ArtifactError::Truncated { file: file.to_owned(), entry: None })
            }
            _ => no("it does not begin like a tar, gzip or zstd"),
        }
    }

    /// Visits every entry that is not excluded, and reads to the end: what is cut or damaged is found.
    pub(super) fn each(self, file: &Path, exclude: &Exclude, visit: &mut Visit<'_>) -> Result<(), ArtifactError> {
        if self == Self::Folder {
            return each_in_folder(file, exclude, visit);
        }
        let unreadable = |source| ArtifactError::Unreadable { file: file.to_owned(), entry: None, source };
        let raw = BufReader::with_capacity(128 * 1024, File::open(file).map_err(unreadable)?);
        let decoded: Box<dyn Read> = match self {
            Self::Folder | Self::Tar => Box::new(raw),
            Self::TarGz => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
            Self::TarZst => Box::new(zstd::Decoder::with_buffer(raw).map_err(unreadable)?),
        };
        each_in_tar(file, decoded, exclude, visit)
    }
}

/// The header's checksum, as POSIX pax(1) has it: the sum of all bytes with the field itself as blanks.
fn is_tar_header(head: &[u8]) -> bool {
    if head.len() < 512 {
        return false;
    }
    let stated = std::str::from_utf8(&head[148..156]).unwrap_or("").trim_matches(['\0', ' ']);
    let sum: u32 = head.iter().enumerate().map(|(n, b)| if (148..156).contains(&n) { 32 } else { u32::from(*b) }).sum();
    let is_end = head.iter().all(|b| *b == 0);
    is_end || u32::from_str_radix(stated, 8).is_ok_and(|stated| stated == sum)
}

fn each_in_tar(
    file: &Path,
    decoded: Box<dyn Read>,
    exclude: &Exclude,
    visit: &mut Visit<'_>,
) -> Result<(), ArtifactError> {
    let reached_end = std::cell::Cell::new(false);
    let mut archive = tar::Archive::new(Watched { inner: decoded, reached_end: &reached_end });
    let mut last = None;
    let broken = |entry: &Option<String>, source: io::Error| {
        let entry = entry.clone();
        // the tar crate says "unexpected EOF" by other kinds of error too
        if reached_end.get() || source.kind() == io::ErrorKind::UnexpectedEof {
            ArtifactError::Truncated { file: file.to_owned(), entry }
        } else {
            ArtifactError::Damaged { file: file.to_owned(), entry, source }
        }
    };
    for entry in archive.entries().map_err(|source| broken(&None, source))? {
        let mut entry = entry.map_err(|source| broken(&last, source))?;
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            continue;
        }
        let raw = entry.path_bytes().into_owned();
        last = Some(show(&raw));
        let fault = |fault| ArtifactError::Entry { file: file.to_owned(), entry: show(&raw), fault };
        let path = clean(&raw).map_err(fault)?;
        if path.contains(&0) {
            return Err(fault(EntryFault::BadName));
        }
        if path.is_empty() || exclude.covers(&path) {
            continue;
        }
        let to = entry.link_name_bytes().map(std::borrow::Cow::into_owned).unwrap_or_default();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the tar crate's list is open")]
        let kind = match kind {
            tar::EntryType::Directory => Kind::Folder,
            // as tars of before 1988 and --format=v7 have it
            tar::EntryType::Regular if raw.ends_with(b"/") => Kind::Folder,
            tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse => Kind::File,
            tar::EntryType::Symlink => Kind::Symlink(to),
            tar::EntryType::Link => Kind::HardLink(clean(&to).map_err(|_| fault(EntryFault::LeavesTree(show(&to))))?),
            tar::EntryType::Char | tar::EntryType::Block => return Err(fault(EntryFault::Special("a device"))),
            tar::EntryType::Fifo => return Err(fault(EntryFault::Special("a named pipe"))),
            _ => return Err(fault(EntryFault::Special("of a kind that is unknown here"))),
        };
        let damaged = |source| broken(&last, source);
        if let Some(is) = misread(&mut entry, &path).map_err(damaged)? {
            return Err(fault(is));
        }
        let executable = entry.header().mode().map_err(damaged)? & 0o111 != 0;
        let mtime = entry.header().mtime().map_err(damaged)?;
        let size = entry.size();
        let mut content = Counted { inner: &mut entry, bytes: 0, failed: None };
        let visited = visit(Entry { path, kind, executable, mtime, size, content: &mut content });
        if let Some(source) = content.failed.take() {
            return Err(broken(&last, source));
        }
        visited?;
        if content.bytes < size && reached_end.get() {
            return Err(ArtifactError::Truncated { file: file.to_owned(), entry: last });
        }
    }
    // a tar ends in a block of zeros; one that just stops was cut between two entries
    if reached_end.get() {
        return Err(ArtifactError::Truncated { file: file.to_owned(), entry: last });
    }
    // what follows is padding, and the checksum of the compression
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|source| broken(&last, source))?;
    Ok(())
}

/// What the tar crate does not understand of an entry's pax records, and would read as something else: it would take
/// the map of a file's holes for a part of the file, and it cuts values at line breaks.
fn misread<R: Read>(entry: &mut tar::Entry<'_, R>, path: &[u8]) -> io::Result<Option<EntryFault>> {
    let mut is_cut = false;
    for record in entry.pax_extensions()?.into_iter().flatten() {
        match record {
            Ok(record) if record.key_bytes().starts_with(b"GNU.sparse.") => {
                return Ok(Some(EntryFault::Special("a sparse file as --format=posix packs it")));
            }
            Ok(_) => {}
            // mostly extended attributes, which nobody asks for; with a line break in its name it may be the path
            Err(_) => is_cut = true,
        }
    }
    Ok((is_cut && path.contains(&b'\n')).then_some(EntryFault::BadName))
}

fn each_in_folder(root: &Path, exclude: &Exclude, visit: &mut Visit<'_>) -> Result<(), ArtifactError> {
    let mut waiting: Vec<PathBuf> = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        let unreadable = |path: &Path, source| ArtifactError::Unreadable {
            file: root.to_owned(),
            entry: Some(show(path.as_os_str().as_bytes())),
            source,
        };
        let list = fs::read_dir(root.join(&folder)).map_err(|source| unreadable(&folder, source))?;
        let mut names = Vec::new();
        for found in list {
            names.push(found.map_err(|source| unreadable(&folder, source))?.file_name());
        }
        names.sort();
        for name in names {
            let relative = folder.join(name);
            let path = relative.as_os_str().as_bytes().to_vec();
            if exclude.covers(&path) {
                continue;
            }
            let full = root.join(&relative);
            let meta = fs::symlink_metadata(&full).map_err(|source| unreadable(&relative, source))?;
            let special = |what| ArtifactError::Entry {
                file: root.to_owned(),
                entry: show(&path),
                fault: EntryFault::Special(what),
            };
            let mtime = u64::try_from(meta.mtime()).unwrap_or(0);
            let executable = meta.mode() & 0o111 != 0;
            let mut file = None;
            let kind = match meta.file_type() {
                t if t.is_dir() => {
                    waiting.push(relative.clone());
                    Kind::Folder
                }
                t if t.is_symlink() => {
                    let to = fs::read_link(&full).map_err(|source| unreadable(&relative, source))?;
                    Kind::Symlink(to.into_os_string().into_vec())
                }
                t if t.is_file() => {
                    file = Some(File::open(&full).map_err(|source| unreadable(&relative, source))?);
                    Kind::File
                }
                t if t.is_fifo() => return Err(special("a named pipe")),
                t if t.is_socket() => return Err(special("a socket")),
                _ => return Err(special("a device")),
            };
            let mut empty = io::empty();
            let inner: &mut dyn Read = match &mut file {
                Some(file) => file,
                None => &mut empty,
            };
            let mut content = Counted { inner, bytes: 0, failed: None };
            let visited = visit(Entry { path, kind, executable, mtime, size: meta.len(), content: &mut content });
            if let Some(source) = content.failed.take() {
                return Err(unreadable(&relative, source));
            }
            visited?;
        }
    }
    Ok(())
}

/// The path without `.` and doubled or final `/`; empty for the root itself.
pub(super) fn clean(raw: &[u8]) -> Result<Vec<u8>, EntryFault> {
    if raw.starts_with(b"/") {
        return Err(EntryFault::Absolute);
    }
    let parts: Vec<&[u8]> = raw.split(|b| *b == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    if parts.contains(&b"..".as_slice()) { Err(EntryFault::DotDot) } else { Ok(parts.join(&b'/')) }
}

/// A name from an archive, for people: untrusted, so escaped.
pub(super) fn show(name: &[u8]) -> String {
    String::from_utf8_lossy(name).escape_debug().collect()
}

/// Knows whether the end of the stream was met.
struct Watched<'a> {
    inner: Box<dyn Read>,
    reached_end: &'a std::cell::Cell<bool>,
}

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        if read == 0 && !into.is_empty() {
            self.reached_end.set(true);
        }
        Ok(read)
    }
}

/// Counts, and keeps an error for the source to explain; the visitor sees an early end.
struct Counted<'a> {
    inner: &'a mut dyn Read,
    bytes: u64,
    failed: Option<io::Error>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(into) {
            Ok(read) => {
                self.bytes += read as u64;
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failed = Some(error);
                Ok(0)
            }
        }
    }
}
