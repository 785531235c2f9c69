//! A stream of compressed bytes, cut into pieces, counted and hashed on its way out.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// The most that is handed out at once.
const PIECE_MAX_BYTES: usize = 256 * 1024;

/// The packed artifact, once all of it was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// SHA-256 of the compressed bytes, hex.
    pub sha256: String,
    /// How many they are.
    pub bytes: u64,
}

/// Hands pieces out until it is told that no more is wanted.
pub(super) struct Pieces<F> {
    buffer: Vec<u8>,
    hash: Sha256,
    bytes: u64,
    given_up: bool,
    piece: F,
}

/// No more was wanted.
#[derive(Debug, thiserror::Error)]
#[error("nobody wants the rest")]
pub(super) struct GivenUp;

impl<F: FnMut(Vec<u8>) -> bool> Pieces<F> {
    pub(super) fn new(piece: F) -> Self {
        Self { buffer: Vec::new(), hash: Sha256::new(), bytes: 0, given_up: false, piece }
    }

    fn hand_out(&mut self) -> io::Result<()> {
        let full = std::mem::take(&mut self.buffer);
        self.hash.update(&full);
        self.bytes += full.len() as u64;
        // an encoder writes once more when it is dropped
        self.given_up = self.given_up || !(self.piece)(full);
        if self.given_up { Err(io::Error::other(GivenUp)) } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> io::Result<Packed> {
        if !self.buffer.is_empty() {
            self.hand_out()?;
        }
        Ok(Packed { sha256: crate::plan::hex(&self.hash.finalize()), bytes: self.bytes })
    }
}

impl<F: FnMut(Vec<u8>) -> bool> Write for Pieces<F> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        if self.given_up {
            return Err(io::Error::other(GivenUp));
        }
        let taken = from.len().min(PIECE_MAX_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&from[..taken]);
        if self.buffer.len() == PIECE_MAX_BYTES {
            self.hand_out()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
