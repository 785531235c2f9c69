//! Why an artifact is not taken. Nothing was changed anywhere.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::{plan::Refusal, target::TargetError};

/// Why an artifact is not taken. Names of entries are shown escaped.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// It cannot be read.
    #[error("the artifact {} cannot be read{}", file.display(), at(entry.as_ref()))]
    Unreadable {
        /// The artifact.
        file: PathBuf,
        /// The entry, where it is one.
        entry: Option<String>,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("the artifact {} is no archive: {what}", file.display())]
    NotAnArchive {
        /// The artifact.
        file: PathBuf,
        /// What it looks like.
        what: &'static str,
    },
    /// It ends too early.
    #[error("the artifact {} is truncated{}", file.display(), at(entry.as_ref()))]
    Truncated {
        /// The artifact.
        file: PathBuf,
        /// The last entry that was seen.
        entry: Option<String>,
    },
    /// Its bytes are not what was packed.
    #[error("the artifact {} is damaged{}", file.display(), at(entry.as_ref()))]
    Damaged {
        /// The artifact.
        file: PathBuf,
        /// The last entry that was seen.
        entry: Option<String>,
        /// What the decoder said.
        source: io::Error,
    },
    /// An entry that may not be unpacked.
    #[error("the artifact {} holds {entry}, {fault}", file.display())]
    Entry {
        /// The artifact.
        file: PathBuf,
        /// The entry.
        entry: String,
        /// What is wrong with it.
        fault: EntryFault,
    },
    /// There is nothing in it.
    #[error("the artifact {} holds no file", file.display())]
    Empty {
        /// The artifact.
        file: PathBuf,
    },
    /// It is not the app, or not from its root.
    #[error("the artifact {} has no {entry} at its root{}", file.display(), below_text(below.as_ref()))]
    NoEntryPoint {
        /// The artifact.
        file: PathBuf,
        /// What is missing.
        entry: String,
        /// The folder that has it, when everything is under one folder.
        below: Option<String>,
    },
    /// It is not what it was when it was checked.
    #[error("the artifact {} changed while it was sent{}", file.display(), at(entry.as_ref()))]
    Changed {
        /// The artifact.
        file: PathBuf,
        /// Where it was seen.
        entry: Option<String>,
    },
    /// Nobody wants the rest of it.
    #[error("the upload of the artifact was given up")]
    GivenUp,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EntryFault {
    /// `/etc/passwd`
    #[error("an absolute path")]
    Absolute,
    /// `a/../../b`
    #[error("a path with `..`")]
    DotDot,
    /// A link that points to `/…`, or over the root.
    #[error("a link to {0}, which is outside of the release")]
    LeavesTree(String),
    /// Links that point to each other.
    #[error("a link that leads back to itself")]
    LinkLoop,
    /// A device, a socket, a pipe.
    #[error("which is {0}: only files, folders and links can be deployed")]
    Special(&'static str),
    /// `ln -s ''`
    #[error("a link to nothing")]
    LinkToNothing,
    /// A NUL in its name, or a line break where pax records cannot be told apart then.
    #[error("a name that cannot be read with certainty")]
    BadName,
    /// Twice the same path.
    #[error("which is there twice")]
    Duplicate,
    /// Something lies below what is no folder.
    #[error("which lies below {0}, and that is no folder")]
    BelowNoFolder(String),
    /// A hard link whose file is not in the archive before it.
    #[error("a hard link to {0}, which is not in the archive before it")]
    HardLinkToNothing(String),
}

impl ArtifactError {
    /// As a reason not to begin.
    pub fn refusal(&self) -> Refusal {
        let cause = std::error::Error::source(self).map(|cause| format!(": {cause}")).unwrap_or_default();
        Refusal::new(format!("{self}{cause}"), self.remedy())
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreadable { .. } => "check the path given with --artifact, and that this user can read it".to_owned(),
            Self::NotAnArchive { .. } => "give a folder, or a .tar, .tar.gz or .tar.zst of it".to_owned(),
            Self::Truncated { .. } | Self::Damaged { .. } => {
                "build or download it again; compare its size with where it came from".to_owned()
            }
            Self::Entry { fault: EntryFault::LeavesTree(_), entry, .. } => format!(
                "leave it out with release.exclude, or make it a relative link inside the release \
                 (for public/storage: exclude it, share storage, and run `php artisan storage:link --relative` in a hook): {entry}"
            ),
            Self::Entry { entry, .. } => format!("pack it again without {entry}, or name it under release.exclude"),
            Self::Empty { .. } => "check what the build puts into it, and release.exclude".to_owned(),
            Self::NoEntryPoint { below: Some(below), .. } => {
                format!("the root of the artifact is the root of the release: pack it with `tar -C {below} -czf … .`")
            }
            Self::NoEntryPoint { below: None, .. } => {
                "check what the build puts into it, and release.exclude; the root of the artifact is the root of the release"
                    .to_owned()
            }
            Self::Changed { .. } => "deploy again when nothing writes to it any more".to_owned(),
            Self::GivenUp => "see why the run ended".to_owned(),
        }
    }
}

/// Why an artifact did not get to the target.
#[derive(Debug, Error)]
pub enum UploadError {
    /// It could not be read again, or is another one now.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The target could not take it.
    #[error("the target did not take the artifact: {0}")]
    Refused(String),
    /// The way to the target. After [`TargetError::LinkLost`] it may be tried again from its beginning.
    #[error(transparent)]
    Target(#[from] TargetError),
}

fn at(entry: Option<&String>) -> String {
    entry.map(|entry| format!(" at {entry}")).unwrap_or_default()
}

fn below_text(below: Option<&String>) -> String {
    below.map(|folder| format!(": everything in it is under {folder}/")).unwrap_or_default()
}
