//! The ssh configuration of one connection. The user's `~/.ssh/config` and the system's are not read: a deploy
//! behaves alike on every machine that it is started from.
//!
//! ssh is started in the connection's private folder, so that every file is named by a fixed, short name.

use super::address::Address;

/// File names in the private folder.
pub(super) const CONFIG: &str = "config";
pub(super) const KNOWN_HOSTS: &str = "known_hosts";
pub(super) const IDENTITY: &str = "identity";
pub(super) const LOG: &str = "log";
pub(super) const JUMP_LOG: &str = "jump-log";
/// The name of the control socket that the openssh crate looks for.
pub(super) const CONTROL: &str = "master";

/// The names that ssh is given instead of the real ones: nothing of the user's is ever in an argument.
pub(super) const TARGET: &str = "backstay-target";
const JUMP: &str = "backstay-jump";

/// The text of the configuration file.
pub(super) fn text(target: &Address, jump: Option<&Address>, has_identity: bool) -> String {
    let mut text = String::new();
    let mut line = |option: &str, value: &str| {
        text.push_str(option);
        text.push(' ');
        text.push_str(value);
        text.push('\n');
    };
    let mut host = |name: &str, address: &Address| {
        line("Host", name);
        line("HostName", &address.host);
        line("Port", &address.port.to_string());
        if let Some(user) = &address.user {
            line("User", user);
        }
    };
    host(TARGET, target);
    if let Some(jump) = jump {
        host(JUMP, jump);
    }
    line("Host", TARGET);
    if jump.is_some() {
        // what ProxyJump does, with a log of its own: otherwise nobody learns what failed there
        line("ProxyCommand", &format!("ssh -F {CONFIG} -E {JUMP_LOG} -W [%h]:%p {JUMP}"));
    }
    line("ControlMaster", "yes");
    line("ControlPath", CONTROL);
    // a killed runner leaves no master behind for longer than this
    line("ControlPersist", "30");
    line("Host", "*");
    for (option, value) in COMMON {
        line(option, value);
    }
    if has_identity {
        line("IdentityFile", IDENTITY);
        line("IdentitiesOnly", "yes");
    }
    text
}

const COMMON: [(&str, &str); 22] = [
    ("StrictHostKeyChecking", "yes"),
    ("UserKnownHostsFile", KNOWN_HOSTS),
    ("GlobalKnownHostsFile", "/dev/null"),
    ("UpdateHostKeys", "no"),
    ("VerifyHostKeyDNS", "no"),
    ("CheckHostIP", "no"),
    ("BatchMode", "yes"),
    ("PreferredAuthentications", "publickey"),
    // a dead link is found in 2 s × 4
    ("ServerAliveInterval", "2"),
    ("ServerAliveCountMax", "4"),
    ("ConnectTimeout", "15"),
    ("ConnectionAttempts", "1"),
    ("Compression", "no"),
    ("ForwardAgent", "no"),
    ("ForwardX11", "no"),
    ("AddKeysToAgent", "no"),
    ("PermitLocalCommand", "no"),
    ("Tunnel", "no"),
    ("RequestTTY", "no"),
    ("EscapeChar", "none"),
    // tells fingerprints and what was tried; it holds no secret
    ("LogLevel", "DEBUG1"),
    ("ControlPath", "none"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_host_is_as_strict_as_the_target() {
        let address = |host, port| Address::new("host", Some("me"), host, port).expect("a host");
        let text = text(&address("target.example", 22), Some(&address("bastion.example", 2222)), true);
        let (own, common) = text.split_once("Host *\n").expect("there is a common part");
        insta::assert_snapshot!(own, @r"
        Host backstay-target
        HostName target.example
        Port 22
        User me
        Host backstay-jump
        HostName bastion.example
        Port 2222
        User me
        Host backstay-target
        ProxyCommand ssh -F config -E jump-log -W [%h]:%p backstay-jump
        ControlMaster yes
        ControlPath master
        ControlPersist 30
        ");
        assert!(common.starts_with("StrictHostKeyChecking yes\nUserKnownHostsFile known_hosts\n"));
        assert!(common.ends_with("IdentityFile identity\nIdentitiesOnly yes\n"));
    }
}
