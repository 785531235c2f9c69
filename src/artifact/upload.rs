//! Sends a packed artifact to a target, where `scripts/upload.sh` takes it.

use std::{io, pin::Pin};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    task::JoinHandle,
};

use super::{Artifact, ArtifactError, Compression, Packed, Parcel, UploadError};
use crate::{
    scripts::UPLOAD,
    target::{Channel, Exit, Target},
};

/// Pieces that may wait for a slow link.
const WAITING_PIECES: usize = 4;

/// Packs the artifact and sends it while it is packed. On the target it is `file_on_target` when it is whole, with
/// `done` beside it; cut short, it leaves nothing. `mode` is as in [`Artifact::pack`]. `progress` is told how many
/// compressed bytes were sent so far.
///
/// A file that is there already, with its `done`, is left as it is: after a lost link this may be asked for again.
pub async fn upload(
    target: &Target,
    file_on_target: &str,
    artifact: &Artifact,
    mode: u32,
    compression: Compression,
    progress: impl Fn(u64) + Send + Sync,
) -> Result<(), UploadError> {
    upload_packed(target, file_on_target, &Parcel::Release(artifact.clone(), mode), compression, progress).await
}

/// The same for whatever a run is sent.
pub async fn upload_packed(
    target: &Target,
    file_on_target: &str,
    parcel: &Parcel,
    compression: Compression,
    progress: impl Fn(u64) + Send + Sync,
) -> Result<(), UploadError> {
    let Channel { stdin, mut stdout, ending } = target.open(UPLOAD, &[file_on_target]).await?;
    let (pieces, waiting) = mpsc::channel(WAITING_PIECES);
    let packing = tokio::task::spawn_blocking({
        let parcel = parcel.clone();
        move || parcel.pack(compression, |piece| pieces.blocking_send(piece).is_ok())
    });
    let end = async move {
        // it prints nothing; the end of that is its end, and what it complains of is in by then
        let _ = tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await;
        ending.wait().await
    };
    tokio::pin!(end);
    let sent = tokio::select! {
        sent = send(stdin, waiting, packing, compression, progress) => sent,
        // it may end before all is sent: it has it already, or cannot take it
        exit = &mut end => return outcome(&exit?),
    };
    // whatever was sent, how the script ended says what came of it; without our last line it cleans up
    let exit = end.await;
    match sent {
        Err(Unsent::Artifact(error)) => Err(error.into()),
        Err(Unsent::Link) | Ok(()) => outcome(&exit?),
    }
}

enum Unsent {
    Artifact(ArtifactError),
    /// Nobody reads any more; the script's end says why.
    Link,
}

impl From<io::Error> for Unsent {
    fn from(_: io::Error) -> Self {
        Self::Link
    }
}

async fn send(
    mut to: Pin<Box<dyn AsyncWrite + Send>>,
    mut waiting: mpsc::Receiver<Vec<u8>>,
    packing: JoinHandle<Result<Packed, ArtifactError>>,
    compression: Compression,
    progress: impl Fn(u64),
) -> Result<(), Unsent> {
    let mut sent_bytes = 0;
    while let Some(piece) = waiting.recv().await {
        to.write_all(format!("{}\n", piece.len()).as_bytes()).await?;
        to.write_all(&piece).await?;
        to.flush().await?;
        sent_bytes += piece.len() as u64;
        progress(sent_bytes);
    }
    let Packed { sha256, bytes } = match packing.await {
        Ok(packed) => packed.map_err(Unsent::Artifact)?,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => return Err(Unsent::Artifact(ArtifactError::GivenUp)),
    };
    to.write_all(format!("end {sha256} {bytes} {compression}\n").as_bytes()).await?;
    to.shutdown().await?;
    Ok(())
}

fn outcome(exit: &Exit) -> Result<(), UploadError> {
    if exit.status == 0 {
        return Ok(());
    }
    let lines = exit.stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let said = lines.map(readable).collect::<Vec<_>>().join("; ");
    Err(UploadError::Refused(if said.is_empty() { format!("its script ended with {}", exit.status) } else { said }))
}

/// A line of the target, for people: untrusted, so without control characters.
fn readable(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\'' | '"' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}
