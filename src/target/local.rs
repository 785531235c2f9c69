//! This machine as the target: the same scripts, started by this user with `/bin/sh`.

use std::{
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use tokio::process::Command;

use super::{Channel, TargetError, error::check_size};

/// What a session over ssh would have as well. Nothing else is inherited: in CI the environment holds secrets.
pub(super) const INHERITED: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// This machine, this user.
#[derive(Debug)]
pub struct Local {
    home: PathBuf,
}

impl Local {
    pub(super) fn new() -> Self {
        let home = std::env::home_dir().filter(|home| home.is_dir());
        Self { home: home.unwrap_or_else(|| PathBuf::from("/")) }
    }

    pub(super) fn open(&self, script: &str, args: &[&str]) -> Result<Channel, TargetError> {
        check_size(script, args)?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", script, "backstay"])
            .args(args)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .current_dir(&self.home)
            // Ctrl-C in the terminal is for us alone, as it is over ssh
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| TargetError::Io { what: "start /bin/sh", source })?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were asked for as pipes");
        };
        let exit = async move {
            let wait: Result<ExitStatus, _> = child.wait().await;
            wait.map_err(|source| TargetError::Io { what: "wait for /bin/sh", source })
        };
        Ok(Channel::new(stdin, stdout, stderr, exit))
    }
}
