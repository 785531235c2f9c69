//! `backstay deploy`

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::{
    Global,
    context::{self, Usage, digest_of},
    finish::carry_out,
};
use crate::{
    artifact::{Artifact, ArtifactError, Parcel},
    config::{Check, CheckKind, Config, Preset, Strategy},
    drive::{chain, now_ms},
    machine::{Goal, about_run},
    model::{Event, EventKind, Outcome},
    plan::{Request, Shipment},
};

/// Where Laravel has them.
const MIGRATIONS: &str = "database/migrations";
/// What of them goes to the target to be looked at: the newest ones.
const MIGRATIONS_MAX_BYTES: u64 = 4 * 1024 * 1024;

const EXAMPLES: &str = "Examples:
  backstay deploy -e staging --artifact build.tar.gz --revision \"$GITHUB_SHA\"
  backstay deploy -e staging --artifact . --dry-run
  backstay deploy -e production --artifact build.tar.gz --key \"$GITHUB_RUN_ID\" --json

Ctrl-C asks the target to roll back; a second one leaves within 5 s, and the target finishes alone.
`backstay --help` has the exit codes.";

/// What a deploy takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DeployArgs {
    /// What is deployed: a folder, or a .tar, .tar.gz or .tar.zst of it (strategy symlink)
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) artifact: Option<PathBuf>,
    /// Its revision, as a revision check compares it [default: $GITHUB_SHA]
    #[arg(long, value_name = "SHA")]
    pub(super) revision: Option<String>,
    /// Deploy once for this key: when it has committed, the same again answers with that outcome. It is remembered among the
    /// newest 50 runs
    #[arg(long)]
    pub(super) key: Option<String>,
    /// With strategy none and no undo for the code: go on, and protect only the data
    #[arg(long)]
    pub(super) data_only: bool,
    /// Only look, changing nothing: the same as plan --probe
    #[arg(long)]
    pub(super) dry_run: bool,
}

pub(super) async fn run(global: &Global, args: &DeployArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let (request, artifact) = match prepare(&config, args, !args.dry_run).await? {
        Ok(prepared) => prepared,
        Err(error) => return Ok(refuse(global, &config, &error)),
    };
    let goal = if args.dry_run { Goal::Plan } else { Goal::Deploy };
    let mode = config.release.mode;
    carry_out(global, config, request, goal, artifact.map(|artifact| Parcel::Release(artifact, mode))).await
}

/// The request and the artifact that it sends, read to its end. What a plan may leave open, a deploy has to know.
pub(super) async fn prepare(
    config: &Config,
    args: &DeployArgs,
    is_deploy: bool,
) -> anyhow::Result<Result<(Request, Option<Artifact>), ArtifactError>> {
    let artifact = match (config.release.strategy, &args.artifact) {
        (Strategy::Symlink, None) if is_deploy => {
            let text = "strategy symlink deploys an artifact: name a folder or an archive with --artifact";
            return Err(anyhow!(Usage(text.to_owned())));
        }
        (Strategy::None, Some(_)) => {
            let text = "with release.strategy none the code is on the target already: --artifact has no use";
            return Err(anyhow!(Usage(text.to_owned())));
        }
        (Strategy::Symlink, Some(file)) => {
            let (file, exclude) = (file.clone(), config.release.exclude.clone());
            let entry_points: &[&str] = match config.preset {
                Preset::Laravel => &["artisan"],
                Preset::Custom => &[],
            };
            match tokio::task::spawn_blocking(move || Artifact::open(&file, &exclude, entry_points)).await? {
                Ok(artifact) => Some(artifact),
                Err(error) => return Ok(Err(error)),
            }
        }
        (Strategy::Symlink | Strategy::None, None) => None,
    };
    let revision =
        args.revision.clone().or_else(|| std::env::var("GITHUB_SHA").ok()).filter(|revision| !revision.is_empty());
    let compares = |check: &Check| check.required && matches!(check.kind, CheckKind::Revision(_));
    if is_deploy && revision.is_none() && config.smoke.checks.iter().any(compares) {
        let text =
            "smoke.checks compares the served revision, and which one is deployed is not known: say it with --revision";
        return Err(anyhow!(Usage(text.to_owned())));
    }
    let stands_for = || {
        let artifact = artifact.as_ref().map_or("", Artifact::digest);
        digest_of(&format!("{} {artifact} {}", config.digest(), revision.as_deref().unwrap_or_default()))
    };
    let key = args.key.as_deref().map(|key| (key, stands_for()));
    let mut request = context::request(revision.clone(), key)?;
    request.data_only = args.data_only;
    if let Some(artifact) = &artifact {
        match ship(artifact.clone(), args.dry_run).await? {
            Ok(shipment) => request.shipment = Some(shipment),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok((request, artifact)))
}

/// What the plan must know of the artifact. The migrations themselves are read where they are to be looked at.
async fn ship(artifact: Artifact, reads_migrations: bool) -> anyhow::Result<Result<Shipment, ArtifactError>> {
    let size_bytes = artifact.size_bytes();
    let name = |file: &str| file.strip_suffix(".php").map(str::to_owned);
    let migrations = artifact.list(MIGRATIONS).iter().filter_map(|file| name(file)).collect();
    let read = move || artifact.read(MIGRATIONS, ".php", MIGRATIONS_MAX_BYTES);
    let files = if reads_migrations { tokio::task::spawn_blocking(read).await? } else { Ok(Vec::new()) };
    Ok(files.map(|files| Shipment {
        size_bytes,
        migrations,
        migration_files: files.into_iter().filter_map(|(file, bytes)| Some((name(&file)?, bytes))).collect(),
    }))
}

/// An artifact that is not taken: nothing was reached, nothing was changed.
pub(super) fn refuse(global: &Global, config: &Config, error: &ArtifactError) -> u8 {
    let mut reporter = context::reporter(global, &config.environment.name);
    let reason = chain(error);
    let refusal = EventKind::Refusal { reason: reason.clone(), remedy: error.remedy() };
    reporter.event(&Event { at_ms: now_ms(), run: None, kind: refusal });
    let report = about_run(Outcome::Refused, reason, None, None);
    reporter.event(&Event { at_ms: now_ms(), run: None, kind: EventKind::Outcome(report) });
    Outcome::Refused.exit_code()
}
