//! `backstay plan`

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::json;

use super::{
    Global,
    context::{self, Usage},
    deploy::{self, DeployArgs},
    finish::carry_out,
};
use crate::{
    config::Config,
    machine::Goal,
    plan::{self, Condition, Facts, Plan, Undo},
    report::{json_line, time},
};

/// What no rollback gives back.
pub(super) const NOT_BROUGHT_BACK: &str = "uploads and other files, Redis, queued jobs, sent mail, calls to other systems, connections of the app that are not declared";

const EXAMPLES: &str = "Examples:
  backstay plan -e staging
  backstay plan -e staging --scripts out  # all that would run there
  backstay plan -e staging --probe --artifact build.tar.gz

--probe shows the SQL of pending migrations. To get it, it runs their code on the target, in the live application, while \
every connection of the app only writes down what it is told (as `artisan migrate --pretend` does). What that code does \
beside those connections (files, requests, mail, a connection that it makes itself) is done. No deploy looks this way.";

/// What a plan takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PlanArgs {
    /// Connect and look, changing nothing; exit 3 if a deploy would be refused, 75 if a run is in progress
    #[arg(long)]
    probe: bool,
    /// Write all that would run on the target into this folder
    #[arg(long, value_name = "DIR")]
    scripts: Option<PathBuf>,
    /// What would be deployed: its migrations are compared with those that ran
    #[arg(long, value_name = "FILE|DIR")]
    artifact: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let asked =
        DeployArgs { artifact: args.artifact.clone(), revision: None, key: None, data_only: false, dry_run: true };
    let (mut request, _) = match deploy::prepare(&config, &asked, false).await? {
        Ok(prepared) => prepared,
        Err(error) => return Ok(deploy::refuse(global, &config, &error)),
    };
    if let Some(folder) = &args.scripts {
        request.data_only = true;
        let plan = offline(&config, &request)?;
        write_scripts(&plan, folder)?;
    }
    if args.probe {
        return carry_out(global, config, request, Goal::Plan, None).await;
    }
    request.data_only = true;
    let plan = offline(&config, &request)?;
    if global.json {
        println!("{}", json_line(&as_json(&plan, &config)));
    } else {
        context::show(global, &text(&plan, &config));
    }
    Ok(0)
}

/// Without the target everything that it could forbid is left out.
fn offline(config: &Config, request: &plan::Request) -> anyhow::Result<Plan> {
    plan::build(config, &Facts::default(), request).map_err(|refusals| {
        let reasons: Vec<String> =
            refusals.into_iter().map(|refusal| format!("{}: {}", refusal.reason, refusal.remedy)).collect();
        anyhow!(Usage(reasons.join("\n")))
    })
}

fn write_scripts(plan: &Plan, folder: &Path) -> anyhow::Result<()> {
    if folder.exists() && std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!(Usage(format!("{} is not empty: name a new folder", folder.display())));
    }
    for file in plan.files() {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        }
        std::fs::write(&path, &file.bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    eprintln!("all that would run on the target is in {}", folder.display());
    Ok(())
}

fn text(plan: &Plan, config: &Config) -> String {
    let mut lines = vec![format!("{} → {}, step by step", plan.about.app, plan.about.environment), String::new()];
    for step in &plan.steps {
        let when = match step.only_if {
            Condition::Always => "",
            Condition::Down => " (when users see maintenance)",
            Condition::Pending => " (when migrations are pending)",
        };
        let undo = match step.undo {
            Undo::Script(_) => "undone by its own script".to_owned(),
            Undo::Finish(finish) => format!("undone by {finish}, once the data is back"),
            Undo::Nothing(why) => why.to_owned(),
        };
        lines.push(format!("  {:<9} {:<22} {undo}{when}", step.phase.as_str(), step.name));
    }
    lines.push("  ── verdict: the runner's checks pass, and it says commit; its silence means undo ──".to_owned());
    for finish in &plan.finish {
        let after = match finish.after {
            plan::After::Commit => "after the commit",
            plan::After::Restored => "after a rollback",
            plan::After::Either => "in either direction",
        };
        lines.push(format!("  {:<9} {:<22} {after}", finish.phase.as_str(), finish.name));
    }
    lines.push(String::new());
    lines.extend(plan.warnings.iter().map(|warning| format!("  note: {warning}")));
    lines.push(format!("  not brought back by a rollback: {NOT_BROUGHT_BACK}"));
    lines.push(String::new());
    lines.push("configuration as resolved:".to_owned());
    lines.extend(config.shown().lines().map(|line| format!("  {line}")));
    lines.join("\n")
}

fn as_json(plan: &Plan, config: &Config) -> serde_json::Value {
    json!({"v": 1, "ts": time::now(), "event": "plan", "run": null, "plan": plan.summary(), "warnings": plan.warnings,
        "config": serde_json::to_value(config).unwrap_or_default()})
}
