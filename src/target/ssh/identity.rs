//! The private key: looked at before ssh sees it, because ssh's own words for a bad one are hard to place.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use super::{
    super::{ConnectError, KeyFault},
    options::IDENTITY,
};

/// Finds the faults that ssh reports as "error in libcrypto" or not at all.
pub(super) fn check(file: &Path) -> Result<(), ConnectError> {
    fault(file).map_err(|fault| ConnectError::Key { file: file.to_owned(), fault })
}

fn fault(file: &Path) -> Result<(), KeyFault> {
    let text = fs::read(file).map_err(KeyFault::Unreadable)?;
    let meta = fs::metadata(file).map_err(KeyFault::Unreadable)?;
    let mode = meta.permissions().mode() & 0o7777;
    // before the mode: a public key may be read by anybody
    if text.starts_with(b"ssh-") || text.starts_with(b"ecdsa-") || text.starts_with(b"sk-") {
        return Err(KeyFault::PublicKey);
    }
    // as sshkey_perm_ok() in OpenSSH: another user's key is that user's business
    if mode & 0o077 != 0 && meta.uid() == rustix::process::geteuid().as_raw() {
        return Err(KeyFault::Open(mode));
    }
    if !text.starts_with(b"-----BEGIN ") {
        return Err(KeyFault::NotAKey);
    }
    if text.contains(&b'\r') {
        return Err(KeyFault::Crlf);
    }
    if text.ends_with(b"\n") { Ok(()) } else { Err(KeyFault::NoFinalNewline) }
}

/// Names the key, its public half and its certificate in the connection's folder, so that no path of the user's
/// has to survive ssh's rules of quoting. The key itself is not copied.
pub(super) fn link(file: &Path, folder: &Path) -> io::Result<()> {
    let file = std::path::absolute(file)?;
    for suffix in ["", ".pub", "-cert.pub"] {
        let mut source = file.clone().into_os_string();
        source.push(suffix);
        let source = PathBuf::from(source);
        if suffix.is_empty() || source.exists() {
            symlink(source, folder.join(format!("{IDENTITY}{suffix}")))?;
        }
    }
    Ok(())
}
