//! How a target is reached: over ssh, or as this machine itself. Both run the same POSIX sh in the same way.
//! Knows scripts, arguments and bytes; what a deploy is is none of its business.

mod channel;
mod error;
mod local;
mod ssh;

pub use channel::{Channel, Ending, Exit, Output};
pub use error::{ConnectError, KeyFault, TargetError};
pub use local::Local;
pub use ssh::{Ssh, Way, end_left_over};

use crate::config::{Environment, Transport};

/// A target that can be spoken to.
///
/// Scripts run as `sh -c SCRIPT backstay ARGS…` in the home of the deploy user, so `$1` is the first argument.
/// They are scripts of ours that come before a plan is on the target (probe, arm, follow, verdict); each opens
/// one session of the connection, and sshd allows ten at a time.
#[derive(Debug)]
pub enum Target {
    /// Over one multiplexed ssh connection.
    Ssh(Ssh),
    /// This machine, this user.
    Local(Local),
}

impl Target {
    /// Reaches the environment's target. For ssh it costs what plain `ssh` costs; nothing is asked of the target.
    pub async fn connect(environment: &Environment) -> Result<Self, ConnectError> {
        match &environment.transport {
            Transport::Ssh(destination) => Ssh::connect(destination).await.map(Self::Ssh),
            Transport::Local => Ok(Self::Local(Local::new())),
        }
    }

    /// Runs one script to its end: `stdin` is fed and closed, stdout is returned whole. More than `limit_bytes`
    /// of it is an error; of stderr the end is kept.
    ///
    /// It waits until everything that holds the script's stdout has ended: what is left running must have its
    /// output elsewhere. Dropping the future leaves the script running.
    pub async fn run(
        &self,
        script: &str,
        args: &[&str],
        stdin: &[u8],
        limit_bytes: usize,
    ) -> Result<Output, TargetError> {
        let channel = self.open(script, args).await?;
        channel.run(stdin, limit_bytes).await
    }

    /// Starts a script and leaves its stdin and stdout to the caller. Dropping the channel leaves it running.
    pub async fn open(&self, script: &str, args: &[&str]) -> Result<Channel, TargetError> {
        match self {
            Self::Ssh(ssh) => ssh.open(script, args).await,
            Self::Local(local) => local.open(script, args),
        }
    }

    /// A way to an address as the target reaches it; none where this machine is the target.
    pub async fn way(&self, host: &str, port: u16) -> Result<Option<Way>, TargetError> {
        match self {
            Self::Ssh(ssh) => ssh.way(host, port).await.map(Some),
            Self::Local(_) => Ok(None),
        }
    }

    /// Whether the target answers, asked by a round trip that may take five seconds.
    pub async fn is_alive(&self) -> bool {
        match self {
            Self::Ssh(ssh) => ssh.is_alive().await,
            Self::Local(_) => true,
        }
    }

    /// Ends the connection. Scripts that still run on the target go on. Dropping a target does the same.
    pub async fn close(self) {
        match self {
            Self::Ssh(ssh) => ssh.close().await,
            Self::Local(_) => {}
        }
    }
}
