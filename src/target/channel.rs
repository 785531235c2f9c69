//! A running script: what goes in, what comes out, how it ends.

use std::{pin::Pin, process::ExitStatus};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    task::JoinHandle,
};

use super::TargetError;

/// As much of a script's stderr as is kept: its end.
const STDERR_KEPT_BYTES: usize = 16 * 1024;

/// A script that runs on the target.
pub struct Channel {
    /// Fed to the script; dropping it is its end of file.
    pub stdin: Pin<Box<dyn AsyncWrite + Send>>,
    /// What the script prints. Its end of file may be the script's end or the link's: [`Ending::wait`] tells.
    pub stdout: Pin<Box<dyn AsyncRead + Send>>,
    /// How it ends.
    pub ending: Ending,
}

/// The end of a script that runs. Dropping it loses interest in the script, which goes on.
pub struct Ending {
    /// Not asked before the output is in: `openssh` closes its way to ssh's master as soon as that knows the exit status, and the
    /// master then drops what the script has printed and is still on its way.
    exit: Pin<Box<dyn Future<Output = Result<ExitStatus, TargetError>> + Send>>,
    stderr: JoinHandle<String>,
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Its exit status.
    pub status: i32,
    /// The end of what it wrote to stderr (untrusted).
    pub stderr: String,
}

/// What a script that ran to its end left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit status.
    pub status: i32,
    /// All of its stdout (untrusted).
    pub stdout: Vec<u8>,
    /// The end of its stderr (untrusted).
    pub stderr: String,
}

impl Output {
    /// Whether it exited with 0.
    pub const fn is_success(&self) -> bool {
        self.status == 0
    }
}

impl Channel {
    pub(super) fn new(
        stdin: impl AsyncWrite + Send + 'static,
        stdout: impl AsyncRead + Send + 'static,
        stderr: impl AsyncRead + Send + 'static,
        exit: impl Future<Output = Result<ExitStatus, TargetError>> + Send + 'static,
    ) -> Self {
        let ending = Ending { exit: Box::pin(exit), stderr: tokio::spawn(tail(Box::pin(stderr))) };
        Self { stdin: Box::pin(stdin), stdout: Box::pin(stdout), ending }
    }

    /// Feeds `stdin`, closes it, and waits for the script's end; as [`super::Target::run`].
    pub async fn run(self, stdin: &[u8], limit_bytes: usize) -> Result<Output, TargetError> {
        let Self { stdin: mut sink, stdout: mut source, ending } = self;
        let feed = async move {
            // a script may end without having read everything; its exit status says what that means
            let _ = sink.write_all(stdin).await;
            let _ = sink.shutdown().await;
            drop(sink);
        };
        let mut stdout = Vec::new();
        let read = async {
            let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
            (&mut source).take(limit).read_to_end(&mut stdout).await
        };
        let ((), read) = tokio::join!(feed, read);
        if stdout.len() > limit_bytes {
            return Err(TargetError::TooMuchOutput { limit_bytes });
        }
        // what could not be read is explained by how the script ended, if by anything
        let exit = ending.wait().await?;
        read.map_err(|source| TargetError::Io { what: "read what a script printed", source })?;
        Ok(Output { status: exit.status, stdout, stderr: exit.stderr })
    }
}

impl Ending {
    /// Waits for the script's end. Whoever wants all of its stdout has read that to its end before. [`TargetError::LinkLost`] says
    /// that nothing is known about it.
    pub async fn wait(mut self) -> Result<Exit, TargetError> {
        let mut said = self.said().await;
        let status = self.exit.as_mut().await?;
        if said.is_none() {
            said = self.said().await;
        }
        let stderr = said.unwrap_or_default();
        match status.code() {
            Some(status) => Ok(Exit { status, stderr }),
            None => Err(TargetError::Killed { stderr }),
        }
    }

    /// The end of its stderr, once that is whole: a process that the script left behind may hold it, and is not waited for.
    async fn said(&mut self) -> Option<String> {
        let read = tokio::time::timeout(std::time::Duration::from_millis(500), &mut self.stderr).await;
        read.ok().map(Result::unwrap_or_default)
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.stderr.abort();
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}

/// Reads to the end and keeps the last bytes.
async fn tail(mut from: Pin<Box<dyn AsyncRead + Send>>) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..n]);
        if kept.len() > 2 * STDERR_KEPT_BYTES {
            kept.drain(..kept.len() - STDERR_KEPT_BYTES);
        }
    }
    String::from_utf8_lossy(&kept[kept.len().saturating_sub(STDERR_KEPT_BYTES)..]).into_owned()
}
