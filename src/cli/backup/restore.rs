//! `backstay backup restore`

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::{
    artifact::{ArtifactError, Dialect, Parcel, Statements},
    cli::{
        Global,
        context::{self, Usage},
        deploy,
        finish::carry_out,
        question,
    },
    config::Config,
    machine::Goal,
    plan::{BackupRequest, Elsewhere, RestoreFrom},
};

const EXAMPLES: &str = "Examples:
  backstay backup restore 20261123T101500Z-3f2a1c9 -e staging
  backstay backup restore 20261123T101500Z-3f2a1c9/main --archive -e staging
  backstay backup restore shop.sql.gz -e staging

It is a run like a deploy: verified and loaded beside the live data while the site works, then maintenance, a copy of what is live
(kept), the swap, the smoke checks, and commit (exit 0), or everything as before (exit 10). What users wrote since is no longer on
the live site after it.";

/// What is brought back.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RestoreArgs {
    /// What `backstay backup list` shows, as RUN or RUN/DATABASE; or a file here: .sql, .sql.gz, .sql.zst
    #[arg(value_name = "NAME|FILE")]
    from: String,
    /// A file: the database that it is for, where several are declared
    #[arg(long, value_name = "NAME", conflicts_with = "archive")]
    database: Option<String>,
    /// Take the archive of a run, also where its copy is there
    #[arg(long)]
    archive: bool,
}

pub(super) async fn run(global: &Global, args: &RestoreArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let (from, parcel) = match choose(&config, args).await? {
        Ok(chosen) => chosen,
        Err(error) => return Ok(deploy::refuse(global, &config, &error)),
    };
    let name = &config.environment.name;
    let ask = format!(
        "The data of {name} is replaced by {}. What users wrote since is no longer on the live site; a copy of it is kept.",
        args.from
    );
    question::typed(global, &ask, name)?;
    if config.environment.production {
        question::typed(global, &format!("{name} is production. Once more"), name)?;
    }
    let goal = Goal::Backup(BackupRequest::Restore(from));
    carry_out(global, config, context::request(None, None)?, goal, parcel).await
}

/// A file that is there is one; everything else is a name that the target has to know.
async fn choose(
    config: &Config,
    args: &RestoreArgs,
) -> anyhow::Result<Result<(RestoreFrom, Option<Parcel>), ArtifactError>> {
    let file = PathBuf::from(&args.from);
    if is_name(&args.from) || !file.exists() {
        if args.database.is_some() {
            let text =
                format!("there is no file {}; --database is for files: a name has its own, RUN/DATABASE", args.from);
            return Err(anyhow!(Usage(text)));
        }
        return Ok(Ok((RestoreFrom::Named { name: args.from.clone(), archive: args.archive }, None)));
    }
    if args.archive {
        return Err(anyhow!(Usage(format!("{} is a file: --archive has no use", args.from))));
    }
    if let Some(key) =
        args.database.as_ref().filter(|key| !config.databases.iter().any(|database| database.name == **key))
    {
        let known: Vec<&str> = config.databases.iter().map(|database| database.name.as_str()).collect();
        return Err(anyhow!(Usage(format!("there is no database {key}; declared: {}", known.join(", ")))));
    }
    let statements = match tokio::task::spawn_blocking(move || Statements::open(&file)).await? {
        Ok(statements) => statements,
        Err(error) => return Ok(Err(error)),
    };
    let elsewhere = |dialect| {
        let found = statements.found(dialect);
        Elsewhere { faults: found.faults.clone(), qualifiers: found.qualifiers.iter().cloned().collect() }
    };
    let from = RestoreFrom::Statements {
        file: args.from.clone(),
        database: args.database.clone(),
        mysql: elsewhere(Dialect::Mysql),
        postgres: elsewhere(Dialect::Postgres),
    };
    Ok(Ok((from, Some(Parcel::Statements(statements)))))
}

/// `20261123T101500Z-3f2a1c9`, with or without a database.
fn is_name(text: &str) -> bool {
    let run = text.split('/').next().unwrap_or_default();
    run.is_ascii()
        && run.len() > 17
        && run[..15].bytes().enumerate().all(|(n, b)| if n == 8 { b == b'T' } else { b.is_ascii_digit() })
        && run[15..].starts_with("Z-")
}
