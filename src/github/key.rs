//! The private ssh key, from a secret of the repository into a file that lasts as long as this process.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const NAME: &str = "key";

/// A key in a private folder; it is removed when this is dropped.
#[derive(Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// Writes it, 0600, into a folder that is 0700. One that an ended process left there is replaced.
    ///
    /// A secret that was pasted may have lost its last line end or carry a DOS one: ssh reads either as "error in libcrypto".
    pub fn write(folder: &Path, key: &str) -> io::Result<Self> {
        Self::remove(folder)?;
        let file = Self::within(folder);
        let written = Self(file.clone());
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        file.write_all(normalised(key).as_bytes())?;
        Ok(written)
    }

    /// Where it is, in that folder.
    pub fn within(folder: &Path) -> PathBuf {
        folder.join(NAME)
    }

    /// Removes what a process that was killed has left.
    pub fn remove(folder: &Path) -> io::Result<()> {
        match fs::remove_file(Self::within(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn normalised(key: &str) -> String {
    let lines: Vec<&str> = key.trim().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_pasted_key_is_made_right_and_does_not_outlive_its_process() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(NAME), "left over").expect("ours");
        let key = KeyFile::write(folder.path(), "\r\n-----BEGIN X-----\r\nabc \r\n-----END X-----").expect("written");
        assert_eq!(fs::read_to_string(key.path()).expect("there"), "-----BEGIN X-----\nabc\n-----END X-----\n");
        assert_eq!(fs::metadata(key.path()).expect("there").permissions().mode() & 0o7777, 0o600);
        let path = key.path().to_owned();
        drop(key);
        assert!(!path.exists());
    }
}
