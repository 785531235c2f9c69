//! A file of SQL that data is restored from: plain, `.gz` or `.zst`. It is read to its end and looked through before anything happens on
//! the target, then sent like an artifact.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    error::ArtifactError,
    pack::Compression,
    pieces::{GivenUp, Packed, Pieces},
    sql::{Dialect, Found, Scanner},
};

/// A file of statements, whole. Its bytes stay where they are.
#[derive(Debug, Clone)]
pub struct Statements {
    file: PathBuf,
    mysql: Found,
    postgres: Found,
    digest: [u8; 32],
}

impl Statements {
    /// Reads the whole file. It blocks: run it where that does no harm.
    pub fn open(file: &Path) -> Result<Self, ArtifactError> {
        let (mut mysql, mut postgres) = (Scanner::new(Dialect::Mysql), Scanner::new(Dialect::Postgres));
        let mut is_empty = true;
        let digest = each_part(file, |part| {
            is_empty &= part.trim_ascii().is_empty();
            mysql.feed(part);
            postgres.feed(part);
            Ok(())
        })
        .map_err(|source| because(file, source))?;
        if is_empty {
            return Err(ArtifactError::NotAnArchive { file: file.to_owned(), what: "it is empty" });
        }
        Ok(Self { file: file.to_owned(), mysql: mysql.finish(), postgres: postgres.finish(), digest })
    }

    /// What it holds, read as that engine reads it.
    pub fn found(&self, dialect: Dialect) -> &Found {
        match dialect {
            Dialect::Mysql => &self.mysql,
            Dialect::Postgres => &self.postgres,
        }
    }

    /// Reads the file again and hands it out, compressed, as [`super::Artifact::pack`] does.
    pub fn pack(&self, compression: Compression, piece: impl FnMut(Vec<u8>) -> bool) -> Result<Packed, ArtifactError> {
        let explained = |source: io::Error| because(&self.file, source);
        let pieces = Pieces::new(piece);
        let (digest, pieces) = match compression {
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(pieces, 3).map_err(explained)?;
                encoder.include_checksum(true).map_err(explained)?;
                let digest = each_part(&self.file, |part| encoder.write_all(part)).map_err(explained)?;
                (digest, encoder.finish().map_err(explained)?)
            }
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(pieces, flate2::Compression::default());
                let digest = each_part(&self.file, |part| encoder.write_all(part)).map_err(explained)?;
                (digest, encoder.finish().map_err(explained)?)
            }
        };
        if digest != self.digest {
            return Err(ArtifactError::Changed { file: self.file.clone(), entry: None });
        }
        pieces.finish().map_err(explained)
    }
}

/// Hands the file out, decompressed as its first bytes say; the SHA-256 of what it holds.
fn each_part(file: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<[u8; 32]> {
    use sha2::{Digest, Sha256};
    let mut head = Vec::new();
    File::open(file)?.take(4).read_to_end(&mut head)?;
    let raw = BufReader::with_capacity(128 * 1024, File::open(file)?);
    let mut decoded: Box<dyn Read> = match head.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::with_buffer(raw)?),
        _ => Box::new(raw),
    };
    let mut hash = Sha256::new();
    let mut part = vec![0; 128 * 1024];
    loop {
        let read = decoded.read(&mut part)?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&part[..read]);
        take(&part[..read])?;
    }
}

fn because(file: &Path, source: io::Error) -> ArtifactError {
    let file = file.to_owned();
    if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<GivenUp>) {
        return ArtifactError::GivenUp;
    }
    let kind = source.kind();
    if kind == io::ErrorKind::UnexpectedEof {
        ArtifactError::Truncated { file, entry: None }
    } else if matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other) {
        ArtifactError::Damaged { file, entry: None, source }
    } else {
        ArtifactError::Unreadable { file, entry: None, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_statements_is_read_whole_however_it_is_compressed_and_one_that_is_cut_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "CREATE TABLE a (n INT);\n".repeat(5_000) + "USE live;\n";
        let gzip = {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text.as_bytes()).expect("memory");
            encoder.finish().expect("memory")
        };
        let files = [
            ("a.sql", text.clone().into_bytes()),
            ("a.sql.gz", gzip),
            ("a.sql.zst", zstd::encode_all(text.as_bytes(), 3).expect("memory")),
        ];
        for (name, bytes) in files {
            let file = folder.path().join(name);
            std::fs::write(&file, &bytes).expect("ours");
            let statements = Statements::open(&file).expect("it is whole");
            assert_eq!(statements.found(Dialect::Mysql).faults, ["line 5001: USE LIVE"], "{name}");
            let mut sent = Vec::new();
            let packed = statements.pack(Compression::Zstd, |piece| {
                sent.extend(piece);
                true
            });
            assert_eq!(packed.expect("it is as it was").bytes, sent.len() as u64);
            assert_eq!(zstd::decode_all(sent.as_slice()).expect("it is whole"), text.as_bytes(), "{name}");
            std::fs::write(&file, [&bytes[..bytes.len() - 9], b"#"].concat()).expect("ours");
            assert!(statements.pack(Compression::Gzip, |_| true).is_err(), "{name}: it has changed");
            if name != "a.sql" {
                assert!(Statements::open(&file).is_err(), "{name} is cut");
            }
        }
    }
}
