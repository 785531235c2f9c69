//! A configuration for people and editors: the JSON Schema of the file, the digest of what holds.

use sha2::{Digest, Sha256};

use super::{Config, KnownHosts, Transport, raw};

/// The JSON Schema of `backstay.yml` (draft 2020-12).
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(raw::File).to_value()
}

impl Config {
    /// SHA-256, hex, of everything but the values of secrets: what an idempotency key stands for. The runner's files by which the
    /// target is reached are no part of it: a deploy that is tried again on another machine is the same one.
    pub fn digest(&self) -> String {
        let mut done = self.clone();
        if let Transport::Ssh(ssh) = &mut done.environment.transport {
            ssh.identity_file = None;
            ssh.known_hosts = KnownHosts::Text(String::new());
        }
        let text = serde_json::to_string(&done).unwrap_or_default();
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What holds after preset, file and override were laid over each other; secrets hidden.
    pub fn shown(&self) -> String {
        serde_yaml::to_string(self).unwrap_or_default()
    }
}
