//! Three ways to run the same twelve steps on a host: a deploy, one ssh call with one script, an ssh call for each step.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    measure::{Measured, measure},
    support::{
        command::backstay,
        servers,
        servers::{USER, run, text},
    },
};

/// How many steps, and what each of them does: a shell of its own that does nothing, as hooks have it.
const STEPS: usize = 12;
const STEP: &str = "sh -eu -c true";

/// A host at a distance.
pub struct Host {
    /// Configuration of both, on the runner.
    runner: PathBuf,
    /// What is deployed to.
    path: PathBuf,
}

impl Host {
    /// The host whose sshd is reached through `port`.
    pub fn new(name: &str, port: u16) -> Self {
        let servers = servers();
        let (runner, path) =
            (servers.folder.join(format!("runner-{name}")), servers.folder.join(format!("target-{name}")));
        fs::create_dir(&runner).expect("ours");
        run(Command::new("install").args(["-d", "-o", USER, "-g", "www-data", "-m", "2775"]).arg(&path));
        let host = Self { runner, path };
        host.write_files(port);
        host
    }

    fn write_files(&self, port: u16) {
        let servers = servers();
        let key = fs::read_to_string(servers.folder.join("host.pub")).expect("ours");
        let known_hosts = format!("[127.0.0.1]:{port} {}", key.trim());
        let identity = text(&servers.identity());
        let environment = |path: &Path, more: &str| {
            format!(
                "{{ production: false, host: {USER}@127.0.0.1, port: {port}, identity_file: {identity}, path: {}, \
                 known_hosts: \"{known_hosts}\"{more} }}",
                text(path)
            )
        };
        let hooks = "    - { do: \"true\", undo: \"true\" }\n".repeat(STEPS);
        let config = format!(
            "version: 1\napp: bench\npreset: custom\nhooks:\n  before-smoke:\n{hooks}environments:\n  bench: {}\n",
            environment(&self.path, "")
        );
        fs::write(self.runner.join("backstay.yml"), config).expect("ours");
        let config = format!(
            "version: 1\napp: bench\npreset: custom\nrelease: {{ strategy: symlink, keep: 1 }}\nenvironments:\n  bench: {}\n",
            environment(&self.path.with_extension("large"), "")
        );
        fs::write(self.runner.join("large.yml"), config).expect("ours");
        fs::write(self.runner.join("known_hosts"), known_hosts + "\n").expect("ours");
        let ssh = format!(
            "Host target\nHostName 127.0.0.1\nPort {port}\nUser {USER}\nIdentityFile {identity}\nIdentitiesOnly yes\n\
             UserKnownHostsFile {0}/known_hosts\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\nBatchMode yes\n\
             PreferredAuthentications publickey\nControlPath {0}/mux\n",
            text(&self.runner)
        );
        fs::write(self.runner.join("ssh.conf"), ssh).expect("ours");
    }

    /// A whole deploy of twelve hooks that do nothing; the step `smoke` comes on top.
    pub fn deploy(&self) -> Measured {
        let measured = measure(&mut backstay(&self.runner, &["deploy", "--json"]), 0);
        let events = String::from_utf8_lossy(&measured.output.stdout).into_owned();
        let hooks = events.lines().filter(|line| line.contains("\"step-ended\"") && line.contains("\"before-smoke\""));
        assert_eq!(hooks.count(), STEPS, "{events}");
        measured
    }

    /// A deploy of a folder.
    pub fn deploy_large(&self, artifact: &Path) -> Measured {
        let path = self.path.with_extension("large");
        run(Command::new("install").args(["-d", "-o", USER, "-g", "www-data", "-m", "2775"]).arg(&path));
        let args = ["deploy", "--json", "-c", "large.yml", "--artifact", &text(artifact)];
        let measured = measure(&mut backstay(&self.runner, &args), 0);
        fs::remove_dir_all(path).expect("ours");
        measured
    }

    /// One call, one script.
    pub fn one_call(&self) -> Duration {
        let script = format!("set -eu; cd '{}'; {}", text(&self.path), [STEP; STEPS].join("; "));
        measure(self.ssh(&["-o", "ControlMaster=no", "-o", "ControlPath=none", "target"]).arg(script), 0).took
    }

    /// A call for each step over one connection; the first call makes it, the last one ends it.
    pub fn call_each(&self) -> Duration {
        let began = Instant::now();
        let script = format!("cd '{}' && {STEP}", text(&self.path));
        for _ in 0..STEPS {
            // the master that stays behind would hold a pipe open
            let options = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "target"];
            let status = self.ssh(&options).arg(&script).stderr(std::process::Stdio::null()).status();
            assert!(status.expect("ssh is installed").success());
        }
        measure(&mut self.ssh(&["-O", "exit", "target"]), 0);
        began.elapsed()
    }

    fn ssh(&self, args: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command.arg("-F").arg(self.runner.join("ssh.conf")).args(args).current_dir(&self.runner);
        command
    }
}
