//! Host, user and port as they may be written into a file that ssh reads: nothing that could be an option, a
//! pattern, a token or a second line.

use super::super::ConnectError;

/// Where ssh goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    pub(super) fn new(what: &'static str, user: Option<&str>, host: &str, port: u16) -> Result<Self, ConnectError> {
        let bad = |what, value: &str, why| ConnectError::BadDestination { what, value: value.to_owned(), why };
        let host_byte = |b: u8| b.is_ascii_alphanumeric() || b".-_:".contains(&b);
        if host.is_empty() || host.starts_with('-') || !host.bytes().all(host_byte) {
            return Err(bad(what, host, "a host is made of letters, digits, `.`, `-`, `_` and `:`"));
        }
        let user_byte = |b: u8| b.is_ascii_alphanumeric() || b"._-+@".contains(&b);
        match user {
            Some(user) if user.is_empty() || user.starts_with('-') || !user.bytes().all(user_byte) => {
                return Err(bad("user", user, "a user is made of letters, digits, `.`, `_`, `-`, `+` and `@`"));
            }
            Some(_) | None => {}
        }
        if port == 0 {
            return Err(bad("port", "0", "a port is a number from 1 to 65535"));
        }
        Ok(Self { user: user.map(str::to_owned), host: host.to_owned(), port })
    }

    /// Reads `[user@]host[:port]`; an IPv6 address with a port is written `[::1]:22`.
    pub(super) fn parse(what: &'static str, text: &str) -> Result<Self, ConnectError> {
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, text),
        };
        let bracketed = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (host, port) = match bracketed {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or(port))),
            None => match rest.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                Some(_) | None => (rest, None),
            },
        };
        let port = match port.map(str::parse) {
            None => 22,
            Some(Ok(port)) => port,
            Some(Err(_)) => {
                let why = "a port is a number from 1 to 65535";
                return Err(ConnectError::BadDestination { what, value: text.to_owned(), why });
            }
        };
        Self::new(what, user, host, port)
    }

    /// As `known_hosts` names it (sshd(8), its part on that file).
    pub(super) fn name(&self) -> String {
        if self.port == 22 { self.host.clone() } else { format!("[{}]:{}", self.host, self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_could_take_for_something_else_is_refused() {
        for host in ["", "-oProxyCommand=x", "a b", "a\nProxyCommand x", "a\"", "%h", "*", "a;b", "$(x)", "ho/st"] {
            assert!(Address::new("host", None, host, 22).is_err(), "{host:?}");
        }
        for user in ["", "-l", "a b", "a\nb", "a\"b", "%u", "${HOME}", "a\\b"] {
            assert!(Address::new("host", Some(user), "h", 22).is_err(), "{user:?}");
        }
    }

    #[test]
    fn a_jump_host_may_have_a_user_and_a_port() {
        let parse = |text| Address::parse("jump", text).map(|a| (a.user.clone(), a.name()));
        assert_eq!(parse("bastion").ok(), Some((None, "bastion".into())));
        assert_eq!(parse("me@bastion:2222").ok(), Some((Some("me".into()), "[bastion]:2222".into())));
        assert_eq!(parse("[::1]:2222").ok(), Some((None, "[::1]:2222".into())));
        assert_eq!(parse("::1").ok(), Some((None, "::1".into())));
        assert!(parse("bastion:x").is_err());
        assert!(parse("a,b").is_err());
    }
}
