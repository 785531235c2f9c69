//! Artifacts for tests: a small app as a folder, tars of it, and tars that nobody should take.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use backstay::artifact::{Artifact, ArtifactError};
use tempfile::TempDir;

/// A folder that holds an app in `app/`, and whatever a test puts beside it.
pub struct Place(TempDir);

/// The kinds of tar, by the name's end and tar's option.
pub const TARS: [(&str, &str); 3] = [("tar", "--no-auto-compress"), ("tar.gz", "--gzip"), ("tar.zst", "--zstd")];

impl Place {
    pub fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        let long = "n".repeat(120);
        for (file, content) in [
            ("app/artisan", "#!/usr/bin/env php\n".to_owned()),
            ("app/public/index.php", "<?php\n".to_owned()),
            ("app/.env.example", "APP_KEY=\n".to_owned()),
            ("app/empty", String::new()),
            ("app/ein Zeichen: é \\ und mehr", "x".to_owned()),
            (&format!("app/{long}/{long}/deep"), "deep".to_owned()),
        ] {
            place.write(file, content.as_bytes());
        }
        let noise: Vec<u8> = (0_u32..100_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        place.write("app/public/noise.bin", &noise);
        fs::create_dir(place.path("app/storage")).expect("a folder");
        symlink("../storage/app/public", place.path("app/public/storage")).expect("a link");
        symlink(format!("{long}/./{long}//deep"), place.path("app/far")).expect("a link");
        fs::set_permissions(place.path("app/artisan"), fs::Permissions::from_mode(0o711)).expect("ours");
        fs::set_permissions(place.path("app/empty"), fs::Permissions::from_mode(0o600)).expect("ours");
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("one")).expect("folders");
        fs::write(&path, content).expect("a file");
        path
    }

    /// `tar ARGS` in this place; where it was written to.
    pub fn tar(&self, name: &str, args: &[&str]) -> PathBuf {
        run(Command::new("tar").arg("-cf").arg(self.path(name)).args(args).current_dir(self.0.path()));
        self.path(name)
    }

    /// A tar of headers as no tar program would write them.
    pub fn raw_tar(&self, entries: &[RawEntry<'_>]) -> PathBuf {
        let mut tar = tar::Builder::new(Vec::new());
        for (kind, path, link, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_cksum();
            tar.append(&header, content.as_bytes()).expect("memory");
        }
        self.write("raw.tar", &tar.into_inner().expect("memory"))
    }
}

/// Kind, path, link, content.
pub type RawEntry<'a> = (tar::EntryType, &'a str, &'a str, &'a str);

pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn open(file: &Path) -> Result<Artifact, ArtifactError> {
    Artifact::open(file, &[], &["artisan"])
}

/// Every path below with its kind, mode, content or target, and (unless it is a folder) mtime.
pub fn listing(root: &Path) -> Vec<String> {
    let script = "find . -mindepth 1 -type f -exec sha256sum {} + | sort; find . -mindepth 1 \\( -type d -printf '%m %y %p\\n' -o \
                  -printf '%m %y %p %l %Ts\\n' \\) | sort";
    run(Command::new("sh").args(["-c", script]).current_dir(root)).lines().map(str::to_owned).collect()
}
