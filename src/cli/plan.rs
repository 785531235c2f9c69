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
    model::Outcome,
    plan::{self, Condition, Facts, Plan, Refusal, Undo},
    report::{Reporter, escape, time},
};

/// What a plan takes.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Connect and look, changing nothing; exit 3 if a deploy would be refused
    #[arg(long)]
    probe: bool,
    /// Write all that would run on the target into this folder
    #[arg(long, value_name = "DIR")]
    scripts: Option<PathBuf>,
    /// The artifact that would be deployed: its migrations are compared with those that ran
    #[arg(long, value_name = "FILE|DIR")]
    artifact: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    let asked =
        DeployArgs { artifact: args.artifact.clone(), revision: None, key: None, data_only: false, dry_run: true };
    let (mut request, artifact) = match deploy::prepare(&config, &asked, false).await? {
        Ok(prepared) => prepared,
        Err(error) => return Ok(deploy::refuse(global, &config, &error)),
    };
    if let Some(folder) = &args.scripts {
        request.data_only = true;
        let plan = offline(&config, &request)?;
        write_scripts(&plan, folder)?;
    }
    if args.probe {
        return carry_out(global, config, request, Goal::Plan, artifact).await;
    }
    request.data_only = true;
    let plan = offline(&config, &request)?;
    if global.json {
        println!("{}", as_json(&plan, &config));
    } else {
        println!("{}", text(&plan, &config));
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
    lines.push("  not brought back by a rollback: uploads and other files, Redis, queued jobs, sent mail, calls to other systems".to_owned());
    lines.push(String::new());
    lines.push("configuration as resolved:".to_owned());
    lines.extend(config.shown().lines().map(|line| format!("  {line}")));
    lines.join("\n")
}

fn as_json(plan: &Plan, config: &Config) -> serde_json::Value {
    json!({"v": 1, "ts": time::now(), "event": "plan", "run": null, "plan": plan.summary(), "warnings": plan.warnings,
        "config": serde_json::to_value(config).unwrap_or_default()})
}

/// What a probe found, and what a deploy would do or why it would be refused.
pub(super) fn show_probed(
    global: &Global,
    mut reporter: Reporter,
    facts: &Facts,
    plan: Result<Box<Plan>, Vec<Refusal>>,
) -> anyhow::Result<u8> {
    reporter.close();
    let code = if plan.is_ok() { 0 } else { Outcome::Refused.exit_code() };
    let refusals = plan.as_ref().err().cloned().unwrap_or_default();
    if global.json {
        let found = json!({
            "live": facts.live, "current": facts.current, "last_run": facts.last_run,
            "framework": facts.app.as_ref().map(|app| app.version.clone()),
            "maintenance": facts.app.as_ref().map(|app| app.down),
            "databases": facts.connections.iter().map(|(name, c)| json!({"name": name, "driver": c.driver, "database": c.database})).collect::<Vec<_>>(),
            "engines": facts.engines, "guard": facts.guard, "disk_free_bytes": facts.disk_free_bytes,
            "unfinished": facts.unfinished.iter().map(|known| json!({"run": known.run, "state": known.state})).collect::<Vec<_>>(),
        });
        println!(
            "{}",
            json!({"v": 1, "ts": time::now(), "event": "probe", "run": null, "refused": code != 0, "refusals": refusals,
            "found": found, "warnings": plan.as_ref().map(|plan| plan.warnings.clone()).unwrap_or_default(),
            "plan": plan.as_ref().ok().map(|plan| plan.summary())})
        );
        return Ok(code);
    }
    println!("{}", escape_lines(&found(facts)));
    match plan {
        Ok(plan) => {
            for step in &plan.steps {
                println!("  {:<9} {}", step.phase.as_str(), step.name);
            }
            for warning in &plan.warnings {
                println!("  note: {}", escape(warning));
            }
            println!("a deploy would begin; nothing was changed");
        }
        Err(refusals) => {
            for refusal in &refusals {
                println!(
                    "  refused: {}\n           {}",
                    escape(&refusal.reason),
                    escape_lines(&refusal.remedy).replace('\n', "\n           ")
                );
            }
            println!("a deploy would be refused; nothing was changed");
        }
    }
    Ok(code)
}

fn found(facts: &Facts) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<String>| lines.extend(value.map(|value| format!("  {name:<12} {value}")));
    line("live", Some(facts.live.clone().unwrap_or_else(|| "no version yet".to_owned())));
    line(
        "framework",
        facts
            .app
            .as_ref()
            .map(|app| format!("laravel {}{}", app.version, if app.down { ", in maintenance" } else { "" })),
    );
    for (name, connection) in &facts.connections {
        line("database", Some(format!("{name}: {} {}", connection.driver, connection.database)));
    }
    for (name, text) in &facts.engines {
        line("protection", Some(format!("{name}: {text}")));
    }
    line("guard", facts.guard.clone());
    line("disk", facts.disk_free_bytes.map(|bytes| format!("{} MB free", bytes >> 20)));
    line("site", facts.site_status.map(|status| format!("GET / answers {status}")));
    for known in &facts.unfinished {
        line("run", Some(format!("{} is {}", known.run, known.state)));
    }
    lines.join("\n")
}

fn escape_lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}
