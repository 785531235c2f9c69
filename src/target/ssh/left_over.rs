//! What a process that was killed leaves: the folder of its connection, and for half a minute the master in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::{
    FOLDER_PREFIX, bases,
    options::{CONFIG, CONTROL, IDENTITY, TARGET},
};

/// Ends the connections that were made with this key, and removes their folders.
pub async fn end_left_over(key: &Path) {
    for folder in bases().iter().flat_map(|base| folders(base)) {
        if fs::read_link(folder.join(IDENTITY)).is_ok_and(|linked| linked == key) {
            // without a master there is nobody to ask
            let _ = Command::new("ssh")
                .args(["-F", CONFIG, "-S", CONTROL, "-O", "exit", TARGET])
                .current_dir(&folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .await;
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

fn folders(base: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(base).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FOLDER_PREFIX)))
        .collect()
}
