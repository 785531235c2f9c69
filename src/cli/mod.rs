//! The command line: arguments → a job, its end → an exit code. One file a command.

mod abort;
mod action;
mod backup;
mod completions;
mod context;
mod deploy;
mod drill;
mod finish;
mod history;
mod init;
mod logs;
mod look;
mod plan;
mod probed;
mod question;
mod rollback;
mod schema;
mod settle;
mod status;
mod stdout;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Usage or configuration: nothing was touched.
const USAGE: u8 = 2;
/// An error of Backstay itself.
const FAULT: u8 = 1;

/// What every script that calls it relies on.
const EXIT_CODES: &str = "\
Exit codes:
    0  committed; or what was asked for is done, or there was nothing to do
    1  an error of Backstay itself; `backstay status` says where the site is
    2  usage or configuration; nothing was touched
    3  refused: every reason was told, nothing was touched
    4  findings: `backup verify` has found something, a drill's proof failed or an objective was missed
   10  rolled back: the old version is live with its data
   11  cancelled: rolled back because somebody asked
   20  stuck: a person is needed; `backstay status` says what to do
   30  in doubt: the end was not seen from here, the target goes on alone
   75  locked: another run is in progress

Results are on stdout, progress and errors on stderr. NO_COLOR and TERM=dumb are respected.";

/// Deploys that end committed or rolled back: the new code with its migrated data, or the old code with the old data.
#[derive(Debug, Parser)]
#[command(name = "backstay", version, propagate_version = true, max_term_width = 110, after_long_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// The configuration [default: backstay.yml, then .github/backstay.yml]
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to; may be left out when the configuration has exactly one
    #[arg(short, long, global = true, value_name = "ENV")]
    environment: Option<String>,
    /// JSON lines on stdout, and nothing else there
    #[arg(long, global = true)]
    json: bool,
    /// Progress on stderr: bars on a terminal, plain lines with the time, or only warnings and the end
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto, value_name = "HOW")]
    progress: Progress,
    /// More of what happens, on stderr; twice for all of it
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Answer every question with yes
    #[arg(long, global = true)]
    yes: bool,
    /// The step of a workflow that this is
    #[arg(skip)]
    job: Option<action::Job>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Progress {
    Auto,
    Bar,
    Plain,
    None,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write backstay.yml and a workflow from what this repository holds; overwrites nothing
    Init(init::InitArgs),
    /// Show what a deploy would do; with --probe, look at the target too
    Plan(plan::PlanArgs),
    /// Deploy: it ends committed or rolled back
    Deploy(deploy::DeployArgs),
    /// Bring an unfinished run to its end, or a stuck one out of it
    Settle(settle::SettleArgs),
    /// Ask the run in progress to roll back
    #[command(after_help = abort::EXAMPLES)]
    Abort,
    /// Go back to the state before a committed run
    Rollback(rollback::RollbackArgs),
    /// Rehearse a rollback: inject a failure, prove that everything came back, measure it
    Drill(drill::DrillArgs),
    /// Show the newest run: its state, what users see, what to do next
    Status(status::StatusArgs),
    /// List the runs on the target, newest first
    History(history::HistoryArgs),
    /// Show what the scripts of a run printed
    Logs(logs::LogsArgs),
    /// Make, list, verify and prune archives of the data, and bring data back
    Backup(backup::BackupArgs),
    /// What the steps of the GitHub Action call; it reads the action's inputs
    #[command(subcommand)]
    Action(action::ActionCommand),
    /// Print the JSON Schema of the configuration
    Schema,
    /// Print a script that completes commands in a shell
    Completions(completions::CompletionsArgs),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    stdout::end_with_its_reader();
    start_log(cli.global.verbose);
    let done = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(run(&cli));
            // Tasks that wait for a lost link are not waited for.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(anyhow::Error::new(error).context("could not start")),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(failed(&cli.global, &error)),
    }
}

/// Says why there is no outcome; the exit code that goes with it.
fn failed(global: &Global, error: &anyhow::Error) -> u8 {
    context::complain(global, &format!("{error:#}"));
    if error.is::<context::Usage>() { USAGE } else { FAULT }
}

async fn run(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Init(args) => init::run(&cli.global, args),
        Command::Plan(args) => plan::run(&cli.global, args).await,
        Command::Deploy(args) => deploy::run(&cli.global, args).await,
        Command::Settle(args) => settle::run(&cli.global, args).await,
        Command::Abort => abort::run(&cli.global).await,
        Command::Rollback(args) => rollback::run(&cli.global, args).await,
        Command::Drill(args) => drill::run(&cli.global, args).await,
        Command::Status(args) => status::run(&cli.global, args).await,
        Command::History(args) => history::run(&cli.global, args).await,
        Command::Logs(args) => logs::run(&cli.global, args).await,
        Command::Backup(args) => backup::run(&cli.global, args).await,
        Command::Action(command) => action::run(*command).await,
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(args),
    }
}

/// Libraries' own words; secrets are in none of them.
fn start_log(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "backstay=debug,info",
        _ => "debug,rustls=info,hyper_util=info",
    };
    let filter = tracing_subscriber::EnvFilter::new(level);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}
