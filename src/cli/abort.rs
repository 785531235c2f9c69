//! `backstay abort`

use super::{Global, context, finish::carry_out};
use crate::machine::Goal;

/// After its help.
pub(super) const EXAMPLES: &str = "\
It follows the run until it has rolled back, and exits 11 then. A run that has committed already stays so, and exits 0.

  backstay abort -e staging";

pub(super) async fn run(global: &Global) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    carry_out(global, config, context::request(None, None)?, Goal::Abort, None).await
}
