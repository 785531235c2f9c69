//! What every command begins with: the configuration, who asks, the new run's id, the reporter.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};

use super::{Global, Progress};
use crate::{
    config::{self, Config, Secret},
    model::RunId,
    plan::{Request, hex},
    report::{Mode, Options, Reporter, lines},
};

/// Where the configuration is looked for.
const NAMES: [&str; 2] = ["backstay.yml", ".github/backstay.yml"];

/// The user asked for something that cannot be: exit 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// Reads the configuration for the chosen environment.
pub(super) fn config(global: &Global) -> anyhow::Result<Config> {
    let file = match &global.config {
        Some(file) => file.clone(),
        None => NAMES.iter().map(PathBuf::from).find(|file| file.exists()).ok_or_else(|| {
            Usage(format!(
                "there is no {} here: change to the app's folder, or name the file with -c",
                NAMES.join(" and no ")
            ))
        })?,
    };
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Usage(format!("the configuration {} cannot be read: {error}", file.display())))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::path::absolute(folder).context("the current folder cannot be found")?;
    let name = file.display().to_string();
    let source = config::Source { name: &name, text: &text, folder: &folder };
    let variable = |name: &str| std::env::var(name).ok();
    let beside = global.job.as_ref().map(|job| job.beside.clone()).unwrap_or_default();
    config::load_beside(source, global.environment.as_deref(), &variable, &beside)
        .map_err(|error| anyhow!(Usage(error.to_string())))
}

/// What a new run is named and who asks for it. The key stands for `digest`.
pub(super) fn request(revision: Option<String>, key: Option<(&str, String)>) -> anyhow::Result<Request> {
    let now = jiff::Timestamp::now();
    let started = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let random = random(20)?;
    let short =
        revision.as_deref().filter(|revision| revision.len() >= 7 && revision.bytes().all(|b| b.is_ascii_hexdigit()));
    let suffix = short.map_or_else(|| hex(&random[..4])[..7].to_owned(), |revision| revision[..7].to_ascii_lowercase());
    Ok(Request {
        run: RunId::new(&started, &suffix)?,
        revision,
        actor: actor(),
        key: key.map(|(key, digest)| (digest_of(key), digest)),
        shipment: None,
        data_only: false,
        bypass: Secret::new(format!("backstay-{}", hex(&random))),
    })
}

/// SHA-256 of a text, hex. A key may hold anything; on the target it is a word.
pub(super) fn digest_of(text: &str) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(text.as_bytes()))
}

pub(super) fn random(bytes: usize) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    let mut random = vec![0; bytes];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut random))
        .context("no randomness from /dev/urandom")?;
    Ok(random)
}

/// Who asks: GitHub's actor, else user and machine.
fn actor() -> String {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let who = of("GITHUB_ACTOR").map_or_else(user_and_host, |actor| format!("{actor} (GitHub)"));
    who.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn user_and_host() -> String {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let user = of("USER").or_else(|| of("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
    if host.trim().is_empty() { user } else { format!("{user}@{}", host.trim()) }
}

/// How progress is shown, and told to the step of a workflow that this is.
pub(super) fn reporter(global: &Global, environment: &str) -> Reporter {
    let reporter = silent_reporter(global, environment);
    match &global.job {
        None => reporter,
        Some(job) => reporter.with(job.sink()),
    }
}

/// The same for a run that is only a part of the command: the step is told of the whole.
pub(super) fn silent_reporter(global: &Global, environment: &str) -> Reporter {
    let word = |name: &str| std::env::var(name).unwrap_or_default();
    // A terminal that cannot move its cursor gets lines; so does what is no terminal, whatever was asked for.
    let is_screen = std::io::stderr().is_terminal() && !matches!(word("TERM").as_str(), "" | "dumb");
    let mode = match global.progress {
        Progress::Plain => Mode::Plain,
        Progress::None => Mode::None,
        Progress::Auto | Progress::Bar if is_screen => Mode::Bar,
        Progress::Auto | Progress::Bar => Mode::Plain,
    };
    // https://no-color.org: set, and not empty
    let color = is_screen && word("NO_COLOR").is_empty();
    let options = Options { mode, json: global.json, color, environment: environment.to_owned() };
    match &global.job {
        None => Reporter::new(options),
        // one stream, so that what stands between two commands of the runner's stays there
        Some(_) => Reporter::to(options, Box::new(std::io::stdout()), Box::new(std::io::stdout())),
    }
}

/// A result for people on stdout.
pub(super) fn show(global: &Global, text: &str) {
    println!("{text}");
    if let Some(job) = &global.job {
        job.show(text);
    }
}

/// Why there is no outcome (words of the target may be in it).
pub(super) fn complain(global: &Global, text: &str) {
    let text = lines(&format!("backstay: {text}"));
    match &global.job {
        None => eprintln!("{text}"),
        Some(job) => {
            println!("{text}");
            job.fail(&text);
        }
    }
}
