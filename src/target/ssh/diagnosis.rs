//! What ssh logged at level `DEBUG1` when no connection came about → who is to blame.

use std::path::Path;

use super::{
    super::{ConnectError, KeyFault},
    address::Address,
};

/// What is known from elsewhere.
pub(super) struct Attempt<'a> {
    pub(super) address: &'a Address,
    pub(super) identity: Option<&'a Path>,
    /// Fingerprints that `known_hosts` has for the host.
    pub(super) expected: Vec<String>,
}

/// Reads the log. A key that could not be loaded matters only if the server then refused.
pub(super) fn diagnose(attempt: Attempt<'_>, log: &str) -> ConnectError {
    let name = attempt.address.name();
    let find = |needle: &str| log.lines().map(str::trim_end).find(|line| line.contains(needle));
    let said = |needle: &str| find(needle).map(|line| line.trim_start_matches("ssh: ").to_owned());
    let presented = find("Server host key: ").and_then(|line| line.split_once("Server host key: ")).map(|(_, key)| key);
    let presented = presented.map(str::to_owned);

    if find("REMOTE HOST IDENTIFICATION HAS CHANGED").is_some() {
        return ConnectError::HostKeyChanged { name, expected: attempt.expected, presented };
    }
    if find("host key is known for").is_some() {
        if attempt.expected.is_empty() {
            return ConnectError::HostKeyUnknown { name, presented };
        }
        // known, but by a key of another type
        return ConnectError::HostKeyChanged { name, expected: attempt.expected, presented };
    }
    if find("Permission denied (").is_some() || find("Too many authentication failures").is_some() {
        return refused(&attempt, name, log);
    }
    if let Some(detail) = find("Could not resolve hostname") {
        let detail = detail.rsplit(": ").next().unwrap_or(detail).to_owned();
        return ConnectError::NameNotResolved { host: attempt.address.host.clone(), detail };
    }
    if let Some(detail) = said("connect to host") {
        let detail = detail.rsplit(": ").next().unwrap_or(&detail).to_owned();
        return ConnectError::Unreachable { name, detail };
    }
    for needle in ["open failed: ", "timed out", "onnection closed by", "onnection reset by", "Broken pipe"] {
        if let Some(detail) = said(needle) {
            return ConnectError::Unreachable { name, detail };
        }
    }
    ConnectError::Other { name, said: last_words(log) }
}

fn refused(attempt: &Attempt<'_>, name: String, log: &str) -> ConnectError {
    if let Some(file) = attempt.identity {
        let key = |fault| ConnectError::Key { file: file.to_owned(), fault };
        let load = log.lines().find_map(|line| line.trim_end().strip_prefix("Load key \"identity\": "));
        match load {
            Some(why) if why.contains("passphrase") => return key(KeyFault::Passphrase),
            Some(why) => return key(KeyFault::NotLoaded(why.to_owned())),
            None => {}
        }
        // the server would have taken it: what was missing is the private half, behind a passphrase
        if log.contains("Server accepts key: ") {
            return key(KeyFault::Passphrase);
        }
    }
    let user = attempt.address.user.clone().or_else(|| {
        let line = log.lines().find(|line| line.contains("Authenticating to "))?;
        Some(line.rsplit_once("as '")?.1.trim_end().trim_end_matches('\'').to_owned())
    });
    let key = match attempt.identity {
        Some(file) => format!("the key {}", file.display()),
        None => "every key of the agent and of ~/.ssh".to_owned(),
    };
    ConnectError::AuthenticationRefused { user: user.unwrap_or_default(), name, key }
}

/// The last lines that are meant for people.
fn last_words(log: &str) -> String {
    let lines = log.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("debug"));
    let lines: Vec<&str> = lines.collect();
    if lines.is_empty() { "it said nothing".to_owned() } else { lines[lines.len().saturating_sub(3)..].join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(log: &str) -> String {
        let address = Address::new("host", Some("deploy"), "example.com", 22).expect("a host");
        let identity = Some(Path::new("/home/me/.ssh/id"));
        diagnose(Attempt { address: &address, identity, expected: Vec::new() }, log).to_string()
    }

    #[test]
    fn the_words_of_ssh_find_who_is_to_blame() {
        let log =
            "debug1: Connecting to example.com\r\nssh: connect to host example.com port 22: Connection timed out\r\n";
        assert_eq!(reason(log), "no connection to example.com: Connection timed out");
        let log = "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by UNKNOWN port 65535\r\n";
        assert_eq!(
            reason(log),
            "no connection to example.com: kex_exchange_identification: Connection closed by remote host"
        );
        let log = "debug1: x\r\ndeploy@example.com: Permission denied (publickey).\r\n";
        assert_eq!(reason(log), "deploy@example.com refused the key /home/me/.ssh/id");
        let log = "Unable to negotiate with 1.2.3.4 port 22: no matching cipher found. Their offer: x\r\n";
        assert!(reason(log).ends_with("no matching cipher found. Their offer: x"), "{}", reason(log));
        assert_eq!(reason(""), "ssh to example.com failed: it said nothing");
    }
}
