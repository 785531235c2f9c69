//! `backstay backup create`

use crate::{
    cli::{Global, context, finish::carry_out},
    machine::Goal,
    plan::BackupRequest,
};

pub(super) async fn run(global: &Global) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let goal = Goal::Backup(BackupRequest::Create);
    carry_out(global, config, context::request(None, None)?, goal, None).await
}
