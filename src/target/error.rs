//! What can go wrong between here and the target, sorted by who can do something about it.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a target could not be reached. Nothing was changed there.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// A host, user or port that could be taken for something else by ssh.
    #[error("{what} {value:?} cannot be given to ssh: {why}")]
    BadDestination {
        /// `host`, `user` or `jump`.
        what: &'static str,
        /// As configured.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The trusted host keys cannot be read.
    #[error("known_hosts {} cannot be read", file.display())]
    KnownHostsUnreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing is known about the host's key.
    #[error("the host key of {name} is not in known_hosts{}", shown(presented.as_ref(), "; it presented"))]
    HostKeyUnknown {
        /// As `known_hosts` would name it: `host` or `[host]:port`.
        name: String,
        /// The fingerprint that it presented, with the key's type.
        presented: Option<String>,
    },
    /// Another key than the one that is known.
    #[error("the host key of {name} is not the one in known_hosts: expected {}{}", any(expected), shown(presented.as_ref(), ", presented"))]
    HostKeyChanged {
        /// As `known_hosts` names it.
        name: String,
        /// The fingerprints that are known.
        expected: Vec<String>,
        /// The fingerprint that it presented, with the key's type.
        presented: Option<String>,
    },
    /// The private key cannot be used.
    #[error("the private key {} cannot be used: {fault}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// Why.
        fault: KeyFault,
    },
    /// The server refused the user or the key.
    #[error("{user}@{name} refused {key}")]
    AuthenticationRefused {
        /// Who tried.
        user: String,
        /// Where.
        name: String,
        /// With what.
        key: String,
    },
    /// The name is unknown.
    #[error("the name {host} cannot be resolved: {detail}")]
    NameNotResolved {
        /// The host.
        host: String,
        /// ssh's words.
        detail: String,
    },
    /// Nobody listens, or nothing comes back.
    #[error("no connection to {name}: {detail}")]
    Unreachable {
        /// The host and port.
        name: String,
        /// ssh's words.
        detail: String,
    },
    /// The host on the way failed.
    #[error("the jump host {jump} could not be passed")]
    Jump {
        /// As configured.
        jump: String,
        /// What happened there.
        source: Box<Self>,
    },
    /// There is no ssh here.
    #[error("there is no ssh on this machine")]
    SshMissing,
    /// The folder for the connection's files cannot be made here.
    #[error("no private folder for the connection can be made in {}", folder.display())]
    Folder {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else that ssh said.
    #[error("ssh to {name} failed: {said}")]
    Other {
        /// The host and port.
        name: String,
        /// ssh's last words.
        said: String,
    },
}

/// What is wrong with a private key.
#[derive(Debug, Error)]
pub enum KeyFault {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// Others may read it.
    #[error("its mode is {0:04o}, so others may read it, and ssh ignores such a key")]
    Open(u32),
    /// It has the line ends of Windows.
    #[error("its lines end in CR LF, which ssh cannot read")]
    Crlf,
    /// The last newline is missing.
    #[error("its last line has no newline, which ssh cannot read")]
    NoFinalNewline,
    /// It is something else.
    #[error("it is no private key: it does not begin with -----BEGIN")]
    NotAKey,
    /// It is the other half.
    #[error("it is the public key")]
    PublicKey,
    /// It wants a passphrase.
    #[error("it has a passphrase, and there is nobody to type it")]
    Passphrase,
    /// ssh could not load it.
    #[error("ssh could not load it: {0}")]
    NotLoaded(String),
}

impl ConnectError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::BadDestination { .. } => "write host as [user@]name-or-address, the port under port".to_owned(),
            Self::KnownHostsUnreadable { .. } => {
                "give known_hosts as a file that exists, or the lines themselves".to_owned()
            }
            Self::HostKeyUnknown { name, .. } => format!(
                "on a network that you trust, run `{}`, compare the fingerprint with the one that \
                 `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows on the server, and add the line to known_hosts",
                keyscan(name)
            ),
            Self::HostKeyChanged { name, .. } => format!(
                "if the server was set up anew, compare the fingerprint with the one that \
                 `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows there, and put the line that `{}` prints \
                 into known_hosts; if it was not, somebody may be in between: do not deploy",
                keyscan(name)
            ),
            Self::Key { file, fault } => fault.remedy(&file.display().to_string()),
            Self::AuthenticationRefused { user, .. } => format!(
                "check the user, and that the public half of the key is a line of ~{user}/.ssh/authorized_keys there \
                 (`ssh-keygen -yf KEY` prints it)"
            ),
            Self::NameNotResolved { .. } => "check host, and the DNS of this machine".to_owned(),
            Self::Unreachable { .. } => {
                "check host and port, that sshd runs there, and that a firewall lets this machine in".to_owned()
            }
            Self::Jump { source, .. } => source.remedy(),
            Self::SshMissing => "install the OpenSSH client (Debian: apt-get install openssh-client)".to_owned(),
            Self::Folder { .. } => "point RUNNER_TEMP or TMPDIR to a folder that this user can write to".to_owned(),
            Self::Other { name, .. } => format!("try `ssh -v` to {name} by hand, as the same user with the same key"),
        }
    }
}

impl KeyFault {
    fn remedy(&self, file: &str) -> String {
        match self {
            Self::Unreadable(_) => "give identity_file as a file that this user can read".to_owned(),
            Self::Open(_) => format!("chmod 600 {file}"),
            Self::Crlf => format!("take the carriage returns out: sed -i 's/\\r$//' {file}"),
            Self::NoFinalNewline => format!("add it: echo >> {file}"),
            Self::NotAKey | Self::NotLoaded(_) => {
                "give the private key as ssh-keygen wrote it, with its BEGIN and END lines".to_owned()
            }
            Self::PublicKey => "give the file without .pub, the private half".to_owned(),
            Self::Passphrase => "use a deploy key without a passphrase, or load the key into an ssh-agent".to_owned(),
        }
    }
}

/// Why a script could not be run, or its end not be seen.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The link is gone. It says nothing about what runs on the target: ask the journal.
    #[error("the link to the target was lost")]
    LinkLost,
    /// sshd refused one more session on the connection.
    #[error("the target refused a session: {0}")]
    SessionRefused(String),
    /// Something ended the script, and the link is there.
    #[error("the script on the target was ended by a signal")]
    Killed {
        /// The end of its stderr (untrusted).
        stderr: String,
    },
    /// Our scripts never end with 127: the target has no `sh`, or the account's shell ran something else.
    #[error("the account's shell on the target could not run sh")]
    NoShell,
    /// More than a sane script prints.
    #[error("a script on the target printed more than {limit_bytes} bytes")]
    TooMuchOutput {
        /// The limit.
        limit_bytes: usize,
    },
    /// A script with its arguments does not fit into a command line, or holds a NUL.
    #[error("a script of {bytes} bytes with its arguments cannot be a command line")]
    TooLong {
        /// Their size.
        bytes: usize,
    },
    /// This machine failed.
    #[error("could not {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

/// Linux takes 128 KiB for one argument, and sshd makes one argument of it all.
const COMMAND_LINE_MAX_BYTES: usize = 120 * 1024;

pub(super) fn check_size(script: &str, args: &[&str]) -> Result<(), TargetError> {
    let bytes = script.len() + args.iter().map(|arg| arg.len() + 3).sum::<usize>();
    let has_nul = script.contains('\0') || args.iter().any(|arg| arg.contains('\0'));
    if bytes > COMMAND_LINE_MAX_BYTES || has_nul { Err(TargetError::TooLong { bytes }) } else { Ok(()) }
}

fn shown(value: Option<&String>, before: &str) -> String {
    value.map(|value| format!("{before} {value}")).unwrap_or_default()
}

fn any(expected: &[String]) -> String {
    if expected.is_empty() { "another one".to_owned() } else { expected.join(" or ") }
}

/// The command that prints the line of `known_hosts` for `host` or `[host]:port`.
fn keyscan(name: &str) -> String {
    match name.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, port)) => format!("ssh-keyscan -p {port} {host}"),
        None => format!("ssh-keyscan {name}"),
    }
}
