//! Over ssh, through one multiplexed connection of the system's own client.
//!
//! Host keys are always checked strictly, and only against the ones that the configuration names. The openssh
//! crate speaks to the master; the master is started here, because it needs options, a log and an environment
//! that the crate's builder does not offer.

mod address;
mod diagnosis;
mod identity;
mod left_over;
mod options;

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use openssh::{ForwardType, Session, Socket};
use tempfile::TempDir;
use tokio::process::Command;

pub use self::left_over::end_left_over;
use self::{
    address::Address,
    diagnosis::{Attempt, diagnose},
};
use super::{Channel, ConnectError, TargetError, error::check_size, local::INHERITED};
use crate::{
    config::{self, KnownHosts},
    scripts::quote,
};

/// The longest that connecting may take; `ConnectTimeout` covers only its beginning.
const CONNECT_MAX: Duration = Duration::from_secs(30);
/// The longest that a round trip may take on a link that is called alive.
const ALIVE_MAX: Duration = Duration::from_secs(5);
/// How many milliseconds closing waits for channels that were dropped just before.
const CLOSE_TRIES: u32 = 50;
/// The control socket's path must fit into `sockaddr_un`: 104 bytes on macOS, 108 on Linux.
const FOLDER_MAX_BYTES: usize = 55;
const FOLDER_PREFIX: &str = "backstay-";

/// One connection.
#[derive(Debug)]
pub struct Ssh {
    session: Arc<Session>,
}

impl Ssh {
    pub(super) async fn connect(destination: &config::Ssh) -> Result<Self, ConnectError> {
        let target = Address::new("host", destination.user.as_deref(), &destination.host, destination.port)?;
        let jump = destination.jump.as_deref().map(|jump| Address::parse("jump", jump)).transpose()?;
        let identity = destination.identity_file.as_deref().map(in_home);
        if let Some(file) = &identity {
            identity::check(file)?;
        }
        let known_hosts = known_hosts(&destination.known_hosts)?;
        let folder = private_folder()?;
        let files = || -> io::Result<()> {
            write(&folder, options::KNOWN_HOSTS, &known_hosts)?;
            write(&folder, options::CONFIG, &options::text(&target, jump.as_ref(), identity.is_some()))?;
            identity.as_deref().map_or(Ok(()), |file| identity::link(file, folder.path()))
        };
        files().map_err(|source| ConnectError::Folder { folder: folder.path().to_owned(), source })?;

        if launch_master(folder.path()).await? {
            return Ok(Self { session: Arc::new(Session::new_native_mux(folder)) });
        }
        let attempt = |address| Attempt { address, identity: identity.as_deref(), expected: Vec::new() };
        let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        if let (Some(jump), Some(text)) = (&jump, &destination.jump) {
            let log = read(options::JUMP_LOG);
            if !log.contains("Authenticated to ") {
                let expected = fingerprints(folder.path(), &jump.name()).await;
                let source = Box::new(diagnose(Attempt { expected, ..attempt(jump) }, &log));
                return Err(ConnectError::Jump { jump: text.clone(), source });
            }
        }
        let expected = fingerprints(folder.path(), &target.name()).await;
        // when the jump host cannot reach the target, only its own log says so
        let log = read(options::LOG) + &read(options::JUMP_LOG);
        Err(diagnose(Attempt { expected, ..attempt(&target) }, &log))
    }

    pub(super) async fn open(&self, script: &str, args: &[&str]) -> Result<Channel, TargetError> {
        check_size(script, args)?;
        let mut command = format!("exec sh -c {} backstay", quote(script));
        for arg in args {
            command.push(' ');
            command.push_str(&quote(arg));
        }
        check_size(&command, &[])?;
        let mut child = Arc::clone(&self.session)
            .arc_raw_command(command)
            .stdin(openssh::Stdio::piped())
            .stdout(openssh::Stdio::piped())
            .stderr(openssh::Stdio::piped())
            .spawn()
            .await
            .map_err(sort)?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin().take(), child.stdout().take(), child.stderr().take())
        else {
            unreachable!("all three were asked for as pipes");
        };
        let session = Arc::clone(&self.session);
        let exit = async move {
            match child.wait().await {
                Ok(status) => Ok(status),
                // the protocol of the master tells a signal and a lost link apart no more than this
                Err(openssh::Error::RemoteProcessTerminated) if answers(&session).await => {
                    Err(TargetError::Killed { stderr: String::new() })
                }
                Err(error) => Err(sort(error)),
            }
        };
        Ok(Channel::new(stdin, stdout, stderr, exit))
    }

    pub(super) async fn way(&self, host: &str, port: u16) -> Result<Way, TargetError> {
        let unmade = |error| TargetError::Io { what: "make a folder for a socket", source: io::Error::other(error) };
        let folder = private_folder().map_err(unmade)?;
        let way = Way { folder };
        let to = Socket::TcpSocket { host: host.into(), port };
        self.session.request_port_forward(ForwardType::Local, way.socket(), to).await.map_err(sort)?;
        Ok(way)
    }

    pub(super) async fn is_alive(&self) -> bool {
        answers(&self.session).await
    }

    pub(super) async fn close(self) {
        let mut session = self.session;
        // what a dropped channel held is let go of a moment later; while one is still held, the last ends the connection
        for _ in 0..CLOSE_TRIES {
            match Arc::try_unwrap(session) {
                Ok(session) => {
                    let _ = session.close().await;
                    return;
                }
                Err(held) => session = held,
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A socket here that leads to an address there, for as long as the connection lives. Its folder goes with it.
#[derive(Debug)]
pub struct Way {
    folder: TempDir,
}

impl Way {
    /// Where to connect.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("way")
    }
}

/// Whether the target's sshd answers in time. The master alone would answer for seconds after the link is dead.
async fn answers(session: &Session) -> bool {
    let ask = async {
        let mut command = session.raw_command("exec true");
        command.stdin(openssh::Stdio::null()).stdout(openssh::Stdio::null()).stderr(openssh::Stdio::null());
        command.status().await
    };
    match tokio::time::timeout(ALIVE_MAX, ask).await {
        Ok(Ok(_)) => true,
        // to refuse is to answer
        Ok(Err(error)) => matches!(sort(error), TargetError::SessionRefused(_) | TargetError::NoShell),
        Err(_) => false,
    }
}

fn sort(error: openssh::Error) -> TargetError {
    match error {
        openssh::Error::Remote(_) => TargetError::NoShell,
        openssh::Error::SshMux(error) => {
            let text = chain(&error);
            if text.contains("refused") || text.contains("denied") {
                TargetError::SessionRefused(text)
            } else {
                TargetError::LinkLost
            }
        }
        openssh::Error::ChildIo(source) => TargetError::Io { what: "make a pipe for a script", source },
        // each of them says that the master, or the folder of its socket, is gone
        openssh::Error::Disconnected
        | openssh::Error::RemoteProcessTerminated
        | openssh::Error::Master(_)
        | openssh::Error::Connect(_)
        | openssh::Error::Cleanup(_)
        | openssh::Error::InvalidCommand
        | openssh::Error::CommandHasEnv
        | openssh::Error::CommandHasCwd
        | _ => TargetError::LinkLost,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Starts the master in `folder`; `false` when ssh gave up, its log says why.
async fn launch_master(folder: &Path) -> Result<bool, ConnectError> {
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", options::CONFIG, "-E", options::LOG, "-f", "-N", options::TARGET])
        .current_dir(folder)
        // the environment of a CI job holds secrets that ssh has no use for
        .env_clear()
        .envs(INHERITED.iter().chain(["SSH_AUTH_SOCK"].iter()).filter_map(|name| Some((name, std::env::var_os(name)?))))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in the terminal is for us alone: the link must live on to tell the target
        .process_group(0)
        .kill_on_drop(true);
    let mut child = ssh.spawn().map_err(|source| {
        if source.kind() == io::ErrorKind::NotFound && folder.exists() {
            return ConnectError::SshMissing;
        }
        ConnectError::Folder { folder: folder.to_owned(), source }
    })?;
    match tokio::time::timeout(CONNECT_MAX, child.wait()).await {
        Ok(Ok(status)) => Ok(status.success()),
        Ok(Err(_)) | Err(_) => Ok(false),
    }
}

/// The fingerprints that `known_hosts` has for a host, hashed names included. Asked for only to explain a failure.
async fn fingerprints(folder: &Path, name: &str) -> Vec<String> {
    let asked = Command::new("ssh-keygen")
        .args(["-l", "-F", name, "-f", options::KNOWN_HOSTS])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await;
    let text = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with("SHA256:")).map(str::to_owned))
        .collect()
}

fn known_hosts(known: &KnownHosts) -> Result<String, ConnectError> {
    let text = match known {
        KnownHosts::Text(text) => text.clone(),
        KnownHosts::File(file) => {
            let file = in_home(file);
            std::fs::read_to_string(&file).map_err(|source| ConnectError::KnownHostsUnreadable { file, source })?
        }
    };
    // secrets pasted into a web form often come with Windows' line ends, and without the last newline
    Ok(text.replace("\r\n", "\n") + "\n")
}

/// `~/` is the home of whoever runs Backstay.
fn in_home(file: &Path) -> PathBuf {
    match (file.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_) | Err(_), _) => file.to_owned(),
    }
}

/// A folder of ours alone, short enough for a socket's path.
fn private_folder() -> Result<TempDir, ConnectError> {
    let name_bytes = "/".len() + FOLDER_PREFIX.len() + "XXXXXX".len();
    let [wanted, otherwise] = bases();
    let base = if wanted.as_os_str().len() + name_bytes > FOLDER_MAX_BYTES { otherwise } else { wanted };
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    let made = tempfile::Builder::new().prefix(FOLDER_PREFIX).permissions(private).tempdir_in(&base);
    made.map_err(|source| ConnectError::Folder { folder: base, source })
}

/// Where such folders are made: where the machine wants them, or where the path is short.
fn bases() -> [PathBuf; 2] {
    let wanted = std::env::var_os("RUNNER_TEMP").map(PathBuf::from).filter(|folder| folder.is_absolute());
    [wanted.unwrap_or_else(std::env::temp_dir), PathBuf::from("/tmp")]
}

fn write(folder: &TempDir, name: &str, text: &str) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let path = folder.path().join(name);
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}
