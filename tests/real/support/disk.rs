//! A small disk of a test's own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::servers::{run, text};

/// What is mounted over a folder until its guard is dropped; what was in the folder is on it.
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// With so many megabytes, the folder's owner and mode.
    pub fn over(path: &Path, size_mb: u32) -> Self {
        let script = "mkdir \"$1.before\" && cp -aT \"$1\" \"$1.before\"
            mount -t tmpfs -o \"size=$2m,uid=$(stat -c %u \"$1\"),gid=$(stat -c %g \"$1\"),mode=$(stat -c %a \"$1\")\" tmpfs \"$1\"
            cp -aT \"$1.before\" \"$1\" && rm -r \"$1.before\"";
        run(Command::new("sh").args(["-euc", script, "sh"]).arg(path).arg(size_mb.to_string()));
        Self { path: path.to_owned() }
    }

    /// Takes what is left, but so many kilobytes.
    pub fn fill(&self, but_kb: u64) {
        let take = "dd if=/dev/zero of=\"$1\" bs=64k 2>/dev/null || dd if=/dev/zero bs=1k >>\"$1\" 2>/dev/null || truncate -s \"-$2\" \"$1\"";
        run(Command::new("sh").args(["-c", take, "sh", &text(&self.path.join("fill")), &format!("{but_kb}K")]));
    }

    /// Gives back what [`Disk::fill`] took.
    pub fn empty(&self) {
        fs::remove_file(self.path.join("fill")).expect("it was filled");
    }

    pub fn free_kb(&self) -> u64 {
        let said = run(Command::new("df").args(["-k", "--output=avail"]).arg(&self.path));
        said.lines().last().and_then(|line| line.trim().parse().ok()).expect("a number")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
