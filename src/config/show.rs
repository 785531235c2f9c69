//! A configuration for people and editors: the JSON Schema of the file, the digest of what holds.

use sha2::{Digest, Sha256};

use super::{Config, raw};

/// The JSON Schema of `backstay.yml` (draft 2020-12).
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(raw::File).to_value()
}

impl Config {
    /// SHA-256, hex, of everything but the values of secrets: what an idempotency key stands for.
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What holds after preset, file and override were laid over each other; secrets hidden.
    pub fn shown(&self) -> String {
        serde_yaml::to_string(self).unwrap_or_default()
    }
}
