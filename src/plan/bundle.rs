//! A plan as what is uploaded: one tar, its files hashed, padded to whole blocks.

use std::{fmt::Write, io};

use sha2::{Digest, Sha256};

use super::{After, Condition, Plan, PlanFile, Script, Undo};
use crate::scripts;

/// The block size that the receiving side reads in; the bundle is padded to it (a tar may end in zeros).
pub const BLOCK: usize = 4096;

/// A plan, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The tar, a multiple of [`BLOCK`] long. It holds secrets.
    pub tar: Vec<u8>,
    /// SHA-256 of it, hex.
    pub sha256: String,
}

impl Plan {
    /// Every file of the plan by its path, except secrets: what `plan --scripts` writes and what is hashed.
    pub fn files(&self) -> Vec<PlanFile> {
        let mut files = vec![
            PlanFile::text("executor", scripts::executor()),
            PlanFile::text("plan.json", serde_json::to_string(&self.summary()).unwrap_or_default()),
            PlanFile::text("params", scripts::params(self.params.iter().map(|(n, v)| (*n, v.as_str())))),
            PlanFile::text("generation-last", line(self.generation.last_run.as_deref().unwrap_or("-"))),
            PlanFile::text("generation-current", line(self.generation.current.as_deref().unwrap_or("-"))),
            PlanFile::text("settings/lease-cs", line(self.settings.lease.ms() / 10)),
            PlanFile::text("settings/max-cs", line(self.settings.max.map_or(0, |max| max.ms() / 10))),
            PlanFile::text("settings/guard", line(self.settings.guard)),
            PlanFile::text("settings/lost", line(self.settings.lost)),
        ];
        if self.symlink {
            files.push(PlanFile::text("symlink", ""));
        }
        if let Some(folder) = &self.release_dir {
            files.push(PlanFile::text("release", line(folder)));
        }
        // by its presence: such a run is counted and told apart from those that deploy
        if self.about.command.starts_with("backup ") {
            files.push(PlanFile::text("backup", ""));
        }
        if let Some((key, digest)) = &self.key {
            files.push(PlanFile::text("key", format!("{key} {digest}\n")));
        }
        files.extend(self.lib.iter().map(|file| below("lib", file)));
        for (number, step) in self.steps.iter().enumerate() {
            let folder = format!("steps/{}", folder(number, &step.name));
            files.push(script(&folder, "do", step.action));
            if let Undo::Script(undo) = step.undo {
                files.push(script(&folder, "undo", undo));
            }
            match step.only_if {
                Condition::Always => {}
                Condition::Down => files.push(PlanFile::text(format!("{folder}/only-if"), "down\n")),
                Condition::Pending => files.push(PlanFile::text(format!("{folder}/only-if"), "pending\n")),
            }
            files.extend(common(&folder, &step.params, step.timeout.map(|t| t.ms() / 10), &step.files));
        }
        for (number, finish) in self.finish.iter().enumerate() {
            let folder = format!("finish/{}", folder(number, &finish.name));
            files.push(script(&folder, "do", finish.action));
            let after = match finish.after {
                After::Commit => "committed",
                After::Restored => "rolled-back",
                After::Either => "either",
            };
            files.push(PlanFile::text(format!("{folder}/after"), line(after)));
            if let Some(step) = finish.only_if_begun {
                files.push(PlanFile::text(format!("{folder}/only-if-begun"), line(step)));
            }
            if finish.required {
                files.push(PlanFile::text(format!("{folder}/required"), ""));
            }
            files.extend(common(&folder, &finish.params, finish.timeout.map(|t| t.ms() / 10), &finish.files));
        }
        for (name, parts) in &self.databases {
            files.extend(parts.iter().map(|file| below(&format!("databases/{name}"), file)));
        }
        if let Some(notify) = &self.notify {
            files.push(script("notify", "do", notify.action));
            files.push(PlanFile::text("notify/command", &*notify.command));
            files.push(PlanFile::text("notify/timeout", line(6_000)));
            files.extend(notify.on.iter().map(|end| PlanFile::text(format!("notify/on-{end}"), "")));
        }
        files
    }

    /// SHA-256 of its `hashes`, hex: the first record of its journal names it.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(hashes(&self.files())))
    }

    /// The plan as one tar.
    ///
    /// # Errors
    /// Only when memory runs out or a path cannot be in a tar.
    pub fn bundle(&self) -> io::Result<Bundle> {
        let mut files = self.files();
        files.push(PlanFile::text("hashes", hashes(&files)));
        let secrets = self.secrets.iter();
        files.extend(secrets.map(|(path, secret)| PlanFile::text(format!("secrets/{path}"), secret.expose())));
        let tar = pack(&files)?;
        let sha256 = hex(&Sha256::digest(&tar));
        Ok(Bundle { tar, sha256 })
    }
}

/// What `sha256sum -c` reads.
fn hashes(files: &[PlanFile]) -> String {
    files.iter().fold(String::new(), |mut text, file| {
        let _ = writeln!(text, "{}  {}", hex(&Sha256::digest(&file.bytes)), file.path);
        text
    })
}

/// Files as one tar, padded to whole blocks. The receiving side's umask makes them private.
///
/// # Errors
/// Only when memory runs out or a path cannot be in a tar.
pub fn pack(files: &[PlanFile]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        tar.append_data(&mut header, &file.path, file.bytes.as_slice())?;
    }
    let mut tar = tar.into_inner()?;
    tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    Ok(tar)
}

/// The folder of the nth step.
pub fn folder(number: usize, name: &str) -> String {
    format!("{:02}-{name}", number + 1)
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn line(value: impl std::fmt::Display) -> String {
    format!("{value}\n")
}

fn script(folder: &str, name: &str, script: Script) -> PlanFile {
    PlanFile::text(format!("{folder}/{name}"), script.0)
}

fn below(folder: &str, file: &PlanFile) -> PlanFile {
    PlanFile { path: format!("{folder}/{}", file.path), bytes: file.bytes.clone() }
}

fn common(
    folder: &str,
    params: &[(&'static str, String)],
    timeout_cs: Option<u64>,
    files: &[PlanFile],
) -> Vec<PlanFile> {
    let mut all = Vec::new();
    if !params.is_empty() {
        let text = scripts::params(params.iter().map(|(n, v)| (*n, v.as_str())));
        all.push(PlanFile::text(format!("{folder}/params"), text));
    }
    if let Some(timeout_cs) = timeout_cs {
        all.push(PlanFile::text(format!("{folder}/timeout"), line(timeout_cs)));
    }
    all.extend(files.iter().map(|file| below(folder, file)));
    all
}
