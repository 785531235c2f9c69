//! `backstay drill`: one ordinary run after the other, each with a failure in it; what came of them, measured and reported.

mod rehearsal;
mod report;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use serde_json::json;

use self::{
    rehearsal::{Rehearsal, Verdict},
    report::Report,
};
use super::{
    FAULT, Global, USAGE,
    context::{self, Usage},
    question,
};
use crate::{
    config::{Config, Strategy},
    drive::{drive, now_ms},
    machine::{Finish, Goal, Job},
    model::{Event, EventKind, Outcome},
    plan::{DrillPoint, Facts, Refusal, Request},
    report::{Conclusion, escape, json_line, time},
};

/// A proof failed or an objective was missed.
const FINDINGS: u8 = 4;

const EXAMPLES: &str = "Examples:
  backstay drill -e staging --all
  backstay drill -e staging --at migration-throws --at runner-lost --report drill.md

Each point is a deploy of what is live now, with maintenance, that changes data of its own, fails there, and is given back: users
see maintenance each time. It runs only where the environment has `drills: true`. The last line of --json is the outcome.

Exit codes: 0 every point passed; 2 drills are not allowed here; 3 refused; 4 a proof failed, an injection did not bite or an
objective was missed; 11 cancelled; 20 a run is stuck; 30 in doubt; 75 locked.";

/// What a drill takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DrillArgs {
    /// Where it fails; may be given several times
    #[arg(long, value_enum, value_name = "POINT", required_unless_present = "all", conflicts_with = "all")]
    at: Vec<Point>,
    /// At every point, one after the other
    #[arg(long)]
    all: bool,
    /// The report, Markdown; the same as JSON stands beside it [default: backstay-drill-RUN.md]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Where a drill fails, as the command line has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Point {
    /// The migration throws half-way
    MigrationThrows,
    /// The migration's process is killed half-way
    MigrationKilled,
    /// A smoke check fails after the migration and the switch
    SmokeFails,
    /// The runner sends no sign of life any more: the lease ends the run
    RunnerLost,
    /// The executor on the target is killed in the migration
    ExecutorKilled,
    /// The migration's session is ended on the database server
    ConnectionDropped,
    /// The migration meets a full disk (simulated)
    DiskFull,
}

impl From<Point> for DrillPoint {
    fn from(point: Point) -> Self {
        match point {
            Point::MigrationThrows => Self::MigrationThrows,
            Point::MigrationKilled => Self::MigrationKilled,
            Point::SmokeFails => Self::SmokeFails,
            Point::RunnerLost => Self::RunnerLost,
            Point::ExecutorKilled => Self::ExecutorKilled,
            Point::ConnectionDropped => Self::ConnectionDropped,
            Point::DiskFull => Self::DiskFull,
        }
    }
}

pub(super) async fn run(global: &Global, args: &DrillArgs) -> anyhow::Result<u8> {
    let config = context::config(global)?;
    allowed(global, &config)?;
    let (text_file, json_file) = files(args.report.as_deref())?;
    let mut points: Vec<DrillPoint> = Vec::new();
    for point in args.at.iter().map(|point| DrillPoint::from(*point)) {
        if !points.contains(&point) {
            points.push(point);
        }
    }
    if args.all {
        points = DrillPoint::ALL.to_vec();
    }
    let first = new_request(&config)?;
    let files = text_file.zip(json_file).unwrap_or_else(|| {
        let name = |extension| PathBuf::from(format!("backstay-drill-{}.{extension}", first.run));
        (name("md"), name("json"))
    });
    open(global, &config, &first);
    let mut before = match look(global, &config, &first).await {
        Ok(facts) => facts,
        Err(code) => return Ok(code),
    };
    if let Some(code) = refused_at_once(global, &config, args, &points, &before) {
        return Ok(code);
    }
    let mut report = Report::new(&config, now_ms(), &first.run);
    let mut next = Some(first);
    let mut code = 0;
    for point in points {
        if let Some(why) = point.impossible(&config, &before) {
            report.points.push(Rehearsal::impossible(point, why));
            continue;
        }
        let request = match next.take() {
            Some(request) => request,
            None => new_request(&config)?,
        };
        let ended = rehearsal::rehearse(global, &config, point, request).await?;
        let mut rehearsal = match ended {
            Ok(rehearsal) => rehearsal,
            Err(stopped) => {
                code = stopped;
                break;
            }
        };
        match look(global, &config, &new_request(&config)?).await {
            Ok(after) => {
                rehearsal.judge(&config, &before, &after);
                before = after;
            }
            Err(stopped) => code = stopped,
        }
        tell(global, &rehearsal);
        let outcome = rehearsal.outcome();
        report.points.push(rehearsal);
        match outcome {
            Outcome::Stuck | Outcome::InDoubt | Outcome::Cancelled => {
                code = outcome.exit_code();
                break;
            }
            Outcome::Committed | Outcome::RolledBack | Outcome::Refused | Outcome::Locked => {}
        }
        if code != 0 {
            break;
        }
    }
    report.finish(now_ms());
    let code =
        if code == 0 && report.points.iter().any(|point| point.verdict() == Verdict::Failed) { FINDINGS } else { code };
    finish(global, &report, &files, code)
}

/// Only where it was said; and where users would see it, only by a word that is typed.
fn allowed(global: &Global, config: &Config) -> anyhow::Result<()> {
    let environment = &config.environment;
    if !environment.drills {
        let text = format!(
            "drills are not allowed on {0}: a drill takes the site into maintenance and breaks its data on purpose. Where that may \
             be, say so in the configuration:\n  environments:\n    {0}:\n      drills: true",
            environment.name
        );
        return Err(anyhow!(Usage(text)));
    }
    if environment.production {
        let ask = format!(
            "{0} is production (production: true unless said otherwise). A drill sends its users to maintenance once for each point.",
            environment.name
        );
        question::typed(global, &ask, &environment.name)?;
    }
    Ok(())
}

fn new_request(config: &Config) -> anyhow::Result<Request> {
    let mut request = context::request(None, None)?;
    // the code is what is live already, and stays
    request.data_only = config.release.strategy == Strategy::None;
    Ok(request)
}

type Files = (Option<PathBuf>, Option<PathBuf>);

/// Where the report goes; a folder that is not there is told before anything is broken.
fn files(asked: Option<&Path>) -> anyhow::Result<Files> {
    let Some(file) = asked else { return Ok((None, None)) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(anyhow!(Usage(format!("--report: there is no folder {}", folder.display()))));
    }
    let is_json = file.extension().is_some_and(|extension| extension == "json");
    let text = if is_json { file.with_extension("md") } else { file.to_owned() };
    Ok((Some(text), Some(file.with_extension("json"))))
}

/// The step of a workflow learns of the command and of the run that a killed step leaves behind.
fn open(global: &Global, config: &Config, request: &Request) {
    let Some(job) = &global.job else { return };
    let kind = EventKind::Opened {
        command: "drill".to_owned(),
        app: config.app.clone(),
        environment: config.environment.name.clone(),
        revision: None,
    };
    job.sink().event(&Event { at_ms: now_ms(), run: Some(request.run.clone()), kind });
}

/// The target as it is before and after a point; an exit code where it cannot be looked at.
async fn look(global: &Global, config: &Config, request: &Request) -> Result<Facts, u8> {
    let mut reporter = context::silent_reporter(global, &config.environment.name);
    let job = Job { config: config.clone(), request: request.clone(), goal: Goal::Plan };
    let finish = drive(job, None, &mut reporter).await;
    reporter.close();
    match finish {
        Finish::Planned { facts, .. } => Ok(*facts),
        Finish::Outcome(report) | Finish::Nothing(report) => {
            reporter.event(&Event { at_ms: now_ms(), run: None, kind: EventKind::Outcome(report.clone()) });
            Err(report.outcome.exit_code())
        }
        Finish::Usage(text) => {
            context::complain(global, &text);
            Err(USAGE)
        }
        Finish::Fault(text) => {
            context::complain(global, &text);
            Err(FAULT)
        }
    }
}

/// A point that was asked for by name and cannot be, or none that can.
fn refused_at_once(
    global: &Global,
    config: &Config,
    args: &DrillArgs,
    points: &[DrillPoint],
    facts: &Facts,
) -> Option<u8> {
    let impossible = |point: &DrillPoint| point.impossible(config, facts).map(|why| (*point, why));
    let found: Vec<_> = points.iter().filter_map(impossible).collect();
    if args.all || found.is_empty() {
        return None;
    }
    let mut reporter = context::reporter(global, &config.environment.name);
    let reasons: Vec<String> =
        found.iter().map(|(point, why)| format!("{} cannot be rehearsed here: {why}", point.as_str())).collect();
    for reason in &reasons {
        let Refusal { reason, remedy } = Refusal::new(reason.clone(), "choose other points, or --all");
        reporter.event(&Event { at_ms: now_ms(), run: None, kind: EventKind::Refusal { reason, remedy } });
    }
    let report = crate::machine::about_run(Outcome::Refused, reasons.join("; "), None, facts.current.clone());
    reporter.event(&Event { at_ms: now_ms(), run: None, kind: EventKind::Outcome(report) });
    Some(Outcome::Refused.exit_code())
}

/// One point as a JSON line.
fn tell(global: &Global, rehearsal: &Rehearsal) {
    if global.json {
        let mut line = json!({"v": 1, "ts": time::now(), "event": "drill", "run": rehearsal.run});
        if let (Some(line), serde_json::Value::Object(more)) = (line.as_object_mut(), rehearsal.json()) {
            line.extend(more);
        }
        println!("{}", json_line(&line));
    }
}

fn finish(global: &Global, report: &Report, (text, json): &(PathBuf, PathBuf), code: u8) -> anyhow::Result<u8> {
    let word = word(code);
    let mut code = code;
    if !report.points.is_empty() {
        let object = serde_json::to_string_pretty(&report.json(word)).unwrap_or_default();
        let written = std::fs::write(text, report.markdown(word)).and_then(|()| std::fs::write(json, object + "\n"));
        if let Err(error) = written {
            context::complain(global, &format!("the report could not be written to {}: {error}", text.display()));
            code = if code == 0 { FAULT } else { code };
        }
    }
    let sentence = report.sentence(word);
    if global.json {
        let line = json!({
            "v": 1, "ts": time::now(), "event": "outcome", "run": report.run.to_string(), "outcome": word, "reason": sentence,
            "report": text.display().to_string(),
        });
        println!("{}", json_line(&line));
    } else {
        println!("{}", report.table());
        println!("{}\nreport: {}", escape(&sentence), escape(&text.display().to_string()));
    }
    if let Some(job) = &global.job {
        job.conclude(Conclusion { word: word.to_owned(), sentence, markdown: report.markdown(word) });
    }
    Ok(code)
}

/// What the last JSON line calls the end.
fn word(code: u8) -> &'static str {
    match code {
        0 => "passed",
        FINDINGS => "findings",
        3 => "refused",
        11 => "cancelled",
        20 => "stuck",
        30 => "in-doubt",
        75 => "locked",
        _ => "error",
    }
}
