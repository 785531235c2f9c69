//! `backstay schema`

use crate::config;

pub(super) fn run() -> anyhow::Result<u8> {
    println!("{}", serde_json::to_string_pretty(&config::schema())?);
    Ok(0)
}
