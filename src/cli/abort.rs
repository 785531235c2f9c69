//! `backstay abort`

use super::{Global, context, finish::carry_out};
use crate::machine::Goal;

pub(super) async fn run(global: &Global) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    carry_out(global, config, context::request(None, None)?, Goal::Abort, None).await
}
