//! Sends an artifact to the target, packed on the way.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc::channel,
};

use super::{Artifact, Compression, Packed, error::UploadError};
use crate::{
    scripts,
    target::{Channel, Target},
};

/// Pieces that may wait for the link: enough to keep it busy, little memory.
const WAITING_PIECES: usize = 4;

/// Sends it into `file` on the target (absolute; its folder's parent is there), where `upload.sh` puts it in place when it
/// is whole. `progress` is told how many compressed bytes are on their way.
pub async fn upload(
    target: &Target,
    file: &str,
    artifact: &Arc<Artifact>,
    mode: u32,
    compression: Compression,
    progress: impl Fn(u64) + Send + Sync,
) -> Result<(), UploadError> {
    let Channel { mut stdin, mut stdout, ending } = target.open(scripts::UPLOAD, &[file]).await?;
    let (pieces, mut waiting) = channel::<Vec<u8>>(WAITING_PIECES);
    let packing = Arc::clone(artifact);
    let packer = tokio::task::spawn_blocking(move || {
        packing.pack(mode, compression, |piece| {
            pieces.blocking_send(piece).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
        })
    });
    let mut sent = 0;
    let mut is_cut = false;
    while let Some(piece) = waiting.recv().await {
        let head = format!("{}\n", piece.len());
        if stdin.write_all(head.as_bytes()).await.is_err() || stdin.write_all(&piece).await.is_err() {
            is_cut = true;
            break;
        }
        sent += piece.len() as u64;
        progress(sent);
    }
    drop(waiting);
    let packed = packer.await.unwrap_or(Err(super::ArtifactError::GivenUp));
    if let Ok(Packed { sha256, bytes }) = &packed {
        let end = format!("end {sha256} {bytes} {}\n", compression.as_str());
        let _ = stdin.write_all(end.as_bytes()).await;
        let _ = stdin.flush().await;
    }
    let _ = stdin.shutdown().await;
    drop(stdin);
    let mut said = Vec::new();
    let _ = (&mut stdout).take(4096).read_to_end(&mut said).await;
    // What could not be written is explained by how the script ended.
    let exit = ending.wait().await?;
    match (exit.status, packed) {
        (0, _) => Ok(()),
        (_, Err(error)) if !is_cut => Err(error.into()),
        (_, Err(_) | Ok(_)) => Err(UploadError::Refused(exit.stderr.trim().to_owned())),
    }
}
