//! A GitHub runner for the one action of this repository: it carries out action.yml as the real one does. Conditions,
//! expressions, files of commands, what a line on stdout or stderr makes it do, masks, and the signals of a cancel, which only
//! the entry process of a step gets.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_yaml::Value;
use tempfile::TempDir;

use crate::support::{binary, servers::run};

/// From SIGINT to SIGTERM, and from there to the end of all patience.
const INTERRUPTED: Duration = Duration::from_millis(7500);
const TERMINATED: Duration = Duration::from_millis(2500);
/// Over it a summary is dropped.
const SUMMARY_MAX_BYTES: usize = 1024 * 1024;
/// The commands that the runner knows, as its extensions register them.
const COMMANDS: [&str; 16] = [
    "internal-set-repo-path",
    "set-env",
    "set-output",
    "save-state",
    "add-path",
    "add-mask",
    "add-matcher",
    "remove-matcher",
    "debug",
    "warning",
    "error",
    "notice",
    "echo",
    "group",
    "endgroup",
    "stop-commands",
];

/// A machine with a checkout, on which jobs run one after the other.
pub struct Runner {
    /// The checkout.
    pub workspace: PathBuf,
    /// `RUNNER_TEMP`, with a path that is short enough for sockets, as GitHub's is.
    temp: TempDir,
    /// Variables beside those that every job has.
    pub more: Vec<(String, String)>,
    /// `github.token`.
    pub token: String,
    /// How often the last step is run.
    pub finishes: usize,
}

/// One use of the action that runs.
pub struct Using {
    events: Sender<Cancel>,
    thread: JoinHandle<Used>,
}

/// What somebody does to a step that runs.
enum Cancel {
    /// The job is cancelled.
    Job,
    /// The entry process is killed, as by a machine that has no memory left.
    Kill,
}

/// One that has ended.
#[derive(Debug)]
pub struct Used {
    /// How each step ended: its exit status; none where its condition did not hold.
    pub steps: Vec<(String, Option<i32>)>,
    /// The outputs of the action.
    pub outputs: HashMap<String, String>,
    /// What a reviewer sees: the summaries of all steps.
    pub summary: String,
    /// Lines of the log as people see them: what is masked is not there.
    pub log: String,
    /// The commands that were obeyed.
    pub obeyed: Vec<(String, String)>,
}

impl Runner {
    /// With a checkout in that folder.
    pub fn at(workspace: &Path) -> Self {
        let temp = tempfile::Builder::new().prefix("bs-runner-").tempdir_in("/tmp").expect("a folder");
        Self { workspace: workspace.to_owned(), temp, more: Vec::new(), token: String::new(), finishes: 1 }
    }

    /// Uses the action; the `binary` is the one under test unless the inputs say otherwise.
    pub fn start(&self, inputs: &[(&str, &str)]) -> Using {
        let (events, received) = channel();
        let action: Value = serde_yaml::from_str(include_str!("../../../action.yml")).expect("YAML");
        let mut given = HashMap::from([("binary".to_owned(), binary().display().to_string())]);
        for (name, value) in inputs {
            assert!(action["inputs"].get(*name).is_some(), "the action has no input {name}");
            given.insert((*name).to_owned(), (*value).to_owned());
        }
        for (name, about) in action["inputs"].as_mapping().expect("a map") {
            let name = name.as_str().expect("a name").to_owned();
            let default = about["default"].as_str().unwrap_or_default().replace("${{ github.token }}", &self.token);
            given.entry(name).or_insert(default);
        }
        let job = Job { inputs: given, outputs: HashMap::new(), base: self.base(), temp: self.temp.path().to_owned() };
        let finishes = self.finishes;
        Using { events, thread: std::thread::spawn(move || job.run(&action, &received, finishes)) }
    }

    /// `RUNNER_TEMP`.
    pub fn temp(&self) -> &Path {
        self.temp.path()
    }

    /// What every step finds in its environment.
    fn base(&self) -> Vec<(String, String)> {
        let path = std::env::var("PATH").expect("there is one");
        let (workspace, temp) = (self.workspace.display().to_string(), self.temp().display().to_string());
        let fixed = [
            ("PATH", path.as_str()),
            ("HOME", &workspace),
            ("USER", "runner"),
            ("TMPDIR", &temp),
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR")),
            ("GITHUB_ACTOR", "octocat"),
            // nobody listens there
            ("GITHUB_API_URL", "http://127.0.0.1:9"),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_RUN_ID", "17"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_SHA", "3f2a1c9000000000000000000000000000000000"),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_WORKSPACE", &workspace),
            ("RUNNER_TEMP", &temp),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
        ];
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        fixed.into_iter().chain(self.more.clone()).collect()
    }
}

impl Using {
    /// Somebody presses "Cancel workflow".
    pub fn cancel(&self) {
        self.events.send(Cancel::Job).expect("it runs");
    }

    /// The process of the step that runs is killed.
    pub fn kill(&self) {
        self.events.send(Cancel::Kill).expect("it runs");
    }

    /// Whether there is nothing any more to cancel.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    pub fn wait(self) -> Used {
        self.thread.join().expect("the runner itself does not fail")
    }
}

impl Used {
    /// The exit status of a step that ran.
    #[track_caller]
    pub fn status(&self, step: &str) -> i32 {
        let found =
            self.steps.iter().find(|(name, _)| name == step).unwrap_or_else(|| panic!("no step {step}: {self:#?}"));
        found.1.unwrap_or_else(|| panic!("{step} did not run: {self:#?}"))
    }

    /// It told so much in its outputs.
    #[track_caller]
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output {name}: {self:#?}"))
    }

    /// The annotations of errors.
    pub fn errors(&self) -> Vec<&str> {
        self.obeyed.iter().filter(|(name, _)| name == "error").map(|(_, text)| text.as_str()).collect()
    }
}

struct Job {
    inputs: HashMap<String, String>,
    /// By step and name.
    outputs: HashMap<(String, String), String>,
    base: Vec<(String, String)>,
    temp: PathBuf,
}

impl Job {
    fn run(mut self, action: &Value, cancels: &Receiver<Cancel>, finishes: usize) -> Used {
        let (mut failed, mut cancelled) = (false, false);
        let mut used = Used {
            steps: Vec::new(),
            outputs: HashMap::new(),
            summary: String::new(),
            log: String::new(),
            obeyed: Vec::new(),
        };
        let mut masks = Vec::new();
        let steps = action["runs"]["steps"].as_sequence().expect("steps");
        let again = steps.iter().skip(steps.len() - 1).cycle().take(finishes - 1);
        for (number, step) in steps.iter().chain(again).enumerate() {
            let id = step["id"].as_str().expect("an id").to_owned();
            let runs = match step["if"].as_str() {
                None => !failed && !cancelled,
                Some("always()") => true,
                Some(other) => panic!("this runner does not know the condition {other}"),
            };
            if !runs {
                used.steps.push((id, None));
                continue;
            }
            let status = self.step(number, &id, step, cancels, &mut cancelled, &mut masks, &mut used);
            failed |= status != 0;
            used.steps.push((id, Some(status)));
        }
        for (name, about) in action["outputs"].as_mapping().expect("outputs") {
            let value = self.evaluated(about["value"].as_str().expect("an expression"));
            used.outputs.insert(name.as_str().expect("a name").to_owned(), value);
        }
        used
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one job, in one place")]
    fn step(
        &mut self,
        number: usize,
        id: &str,
        step: &Value,
        cancels: &Receiver<Cancel>,
        cancelled: &mut bool,
        masks: &mut Vec<String>,
        used: &mut Used,
    ) -> i32 {
        assert_eq!(step["shell"], "bash");
        let script = self.temp.join(format!("step-{number}.sh"));
        let text = step["run"].as_str().expect("a script");
        assert!(!text.contains("${{"), "an expression in a script is run by it: {text}");
        fs::write(&script, text).expect("ours");
        let files =
            ["OUTPUT", "STEP_SUMMARY", "ENV", "PATH"].map(|name| (name, self.temp.join(format!("{name}-{number}"))));
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&script).env_clear();
        command.envs(self.base.iter().map(|(name, value)| (name, value)));
        for (name, file) in &files {
            fs::write(file, "").expect("ours");
            command.env(format!("GITHUB_{name}"), file);
        }
        for (name, value) in step["env"].as_mapping().into_iter().flatten() {
            command.env(name.as_str().expect("a name"), self.evaluated(value.as_str().expect("a text")));
        }
        let workspace = self.base.iter().find(|(name, _)| name == "GITHUB_WORKSPACE").map(|(_, value)| value.clone());
        command.current_dir(workspace.expect("there is one"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("bash is there");
        let (lines, received) = channel();
        for stream in [
            Box::new(child.stdout.take().expect("piped")) as Box<dyn Read + Send>,
            Box::new(child.stderr.take().expect("piped")),
        ] {
            let lines = lines.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                    // .NET takes a lone carriage return for the end of a line as well
                    for line in line.strip_suffix(b"\r").unwrap_or(&line).split(|byte| *byte == b'\r') {
                        let _ = lines.send(String::from_utf8_lossy(line).into_owned());
                    }
                }
            });
        }
        drop(lines);
        let status = wait(&mut child, cancels, cancelled);
        let mut commands = Commands { stopped: None, masks, used };
        // the runner reads on until both streams have ended, and so would one that a child has kept
        while let Ok(line) = received.recv_timeout(Duration::from_secs(20)) {
            commands.line(&line);
        }
        for (name, value) in parsed(&fs::read_to_string(&files[0].1).unwrap_or_default()) {
            self.outputs.insert((id.to_owned(), name), value);
        }
        let summary = fs::read_to_string(&files[1].1).unwrap_or_default();
        if summary.len() <= SUMMARY_MAX_BYTES {
            used.summary.push_str(&summary);
        }
        for (_, file) in &files[2..] {
            assert_eq!(fs::read_to_string(file).unwrap_or_default(), "", "nothing is put into later steps");
        }
        status
    }

    /// The few expressions that the action has.
    fn evaluated(&self, text: &str) -> String {
        let Some(expression) = text.strip_prefix("${{ ").and_then(|text| text.strip_suffix(" }}")) else {
            assert!(!text.contains("${{"), "{text}");
            return text.to_owned();
        };
        let words: Vec<&str> = expression.split('.').collect();
        match words[..] {
            ["inputs", name] => self.inputs.get(name).unwrap_or_else(|| panic!("no input {name}")).clone(),
            ["steps", id, "outputs", name] => {
                self.outputs.get(&(id.to_owned(), name.to_owned())).cloned().unwrap_or_default()
            }
            _ => panic!("this runner does not know {expression}"),
        }
    }
}

/// The end of a step. A cancel is a signal to the entry process, and two more where that does not help.
fn wait(child: &mut Child, cancels: &Receiver<Cancel>, cancelled: &mut bool) -> i32 {
    let pid = child.id().to_string();
    let signal = |name: &str| {
        run(Command::new("kill").args([name, &pid]));
    };
    let mut next: Vec<(Duration, &str)> = Vec::new();
    let mut since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            use std::os::unix::process::ExitStatusExt;
            return status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        }
        match cancels.try_recv() {
            Ok(Cancel::Kill) => signal("-KILL"),
            Ok(Cancel::Job) => {
                *cancelled = true;
                signal("-INT");
                next = vec![(TERMINATED, "-KILL"), (INTERRUPTED, "-TERM")];
                since = Instant::now();
            }
            Err(_) => {}
        }
        if next.last().is_some_and(|(patience, _)| since.elapsed() >= *patience) {
            signal(next.pop().expect("it is there").1);
            since = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What a line makes the runner do: `ActionCommandManager` and `ActionCommand` of its source.
struct Commands<'a> {
    stopped: Option<String>,
    masks: &'a mut Vec<String>,
    used: &'a mut Used,
}

impl Commands<'_> {
    fn line(&mut self, line: &str) {
        let command = second_form(line).or_else(|| first_form(line));
        if let Some((name, data)) = command {
            if self.stopped.is_some() {
                if self.stopped.as_ref() == Some(&name) {
                    self.stopped = None;
                    return;
                }
            } else if COMMANDS.contains(&name.as_str()) {
                match name.as_str() {
                    "stop-commands" => self.stopped = Some(data.clone()),
                    "add-mask" => self.masks.push(data.clone()),
                    _ => {}
                }
                self.used.obeyed.push((name, data));
                return;
            }
        }
        let mut shown = line.to_owned();
        for mask in self.masks.iter() {
            shown = shown.replace(mask, "***");
        }
        self.used.log.push_str(&shown);
        self.used.log.push('\n');
    }
}

/// `::name properties::data`, after blanks.
fn second_form(line: &str) -> Option<(String, String)> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let name = info.split_once(' ').map_or(info, |(name, _)| name);
    Some((name.to_owned(), unescaped(data)))
}

/// `##[name properties]data`, anywhere.
fn first_form(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once("##[")?;
    let (info, data) = rest.split_once(']')?;
    let name = info.split_once(' ').map_or(info, |(name, _)| name);
    Some((name.to_owned(), unescaped(data)))
}

fn unescaped(data: &str) -> String {
    data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
}

/// `name=value` and `name<<END … END`.
fn parsed(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match (line.split_once("<<"), line.split_once('=')) {
            (Some((name, end)), other) if other.is_none_or(|(before, _)| before.len() > name.len()) => {
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                all.push((name.to_owned(), value.join("\n")));
            }
            (_, Some((name, value))) => all.push((name.to_owned(), value.to_owned())),
            _ => panic!("the runner takes no such line: {line}"),
        }
    }
    all
}
