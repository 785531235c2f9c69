//! The built binary, run as a user runs it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// One that runs; a test that fails meanwhile does not leave it behind.
pub struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The binary: the one that was built for these tests, or another that `BACKSTAY_BINARY` names.
pub fn binary() -> PathBuf {
    std::env::var_os("BACKSTAY_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_backstay").into(), PathBuf::from)
}

/// It with a clean environment.
pub fn backstay(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").expect("there is one"));
    command.env("HOME", folder).env("USER", "tester").env("TMPDIR", folder.parent().unwrap_or(folder));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Finished {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// It ended with that code.
    #[track_caller]
    pub fn is(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The last JSON line.
    #[track_caller]
    pub fn outcome(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        let value: Value =
            serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {}\n{}", self.stdout, self.stderr));
        assert_eq!(value["event"], "outcome", "{value}");
        value
    }

    /// Something that a person reads.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text) || self.stdout.contains(text),
            "not said: {text}\n{}\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        Self(Some(command.spawn().expect("the binary is built")))
    }

    /// Ends it by a signal, such as `-KILL`.
    pub fn signal(&self, signal: &str) {
        super::servers::run(Command::new("kill").arg(signal).arg(self.id().to_string()));
    }

    pub fn id(&self) -> u32 {
        self.child().id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.as_mut().expect("it runs").try_wait().expect("ours").is_some()
    }

    /// The most memory that it has held so far.
    pub fn peak_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child().id())).expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says it");
        peak.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    pub fn wait(mut self) -> Finished {
        Finished::of(&self.0.take().expect("it runs").wait_with_output().expect("it ends"))
    }

    fn child(&self) -> &Child {
        self.0.as_ref().expect("it runs")
    }
}
