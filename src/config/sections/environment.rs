//! One of `environments`: where the app goes, and how it is reached.

use std::net::IpAddr;

use crate::config::{
    load::{Resolved, Resolver},
    raw,
    types::{Environment, HttpFrom, HttpReach, KnownHosts, Secret, Ssh, Transport},
};

impl Resolver<'_> {
    pub(in crate::config) fn environment(&self, raw: raw::Environment) -> Resolved<Environment> {
        let here = |key: &'static str| ["environments", self.environment, key];
        let put = |key: &'static str, value: Option<String>| value.map(|v| self.put_in(&here(key), &v)).transpose();
        let path = put("path", raw.path)?.ok_or_else(|| {
            self.text.at(
                &here("path"),
                "`path` is missing",
                Some("the absolute path of the app on the target".to_owned()),
            )
        })?;
        if !path.starts_with('/') || path.len() < 2 || path.contains('\n') {
            let help = Some("write the absolute path of the app on the target, such as /var/www/shop".to_owned());
            return Err(self.text.at(&here("path"), format!("{path:?} is no absolute path"), help));
        }
        let url = put("url", raw.url)?.map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = url.as_deref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            let help = Some("begin with https:// or http://".to_owned());
            return Err(self.text.at(&here("url"), format!("{url:?} is no address"), help));
        }
        let http = raw.http.unwrap_or_default();
        let mut headers = Vec::new();
        for (name, value) in http.headers.unwrap_or_default() {
            headers.push((name, Secret::new(self.put_in(&here("http"), &value)?)));
        }
        let http = HttpReach {
            from: match http.from {
                Some(raw::HttpFrom::Target) => HttpFrom::Target,
                Some(raw::HttpFrom::Runner) | None => HttpFrom::Runner,
            },
            resolve: put("http", http.resolve)?.map(|address| self.address(&here("http"), &address)).transpose()?,
            headers,
        };
        let transport = match raw.transport {
            Some(raw::TransportName::Local) => Transport::Local,
            Some(raw::TransportName::Ssh) | None => {
                let host = put("host", raw.host)?.ok_or_else(|| {
                    let help = "write `host: deploy@staging.example.com`, or `transport: local`".to_owned();
                    self.text.at(&here("host"), format!("environment `{}` has no `host`", self.environment), Some(help))
                })?;
                Transport::Ssh(self.ssh(
                    &host,
                    raw.port,
                    put("jump", raw.jump)?,
                    put("identity_file", raw.identity_file.filter(|_| self.beside.identity_file.is_none()))?,
                    put("known_hosts", raw.known_hosts.filter(|_| self.beside.known_hosts.is_none()))?,
                )?)
            }
        };
        Ok(Environment {
            name: self.environment.to_owned(),
            drills: raw.drills.unwrap_or(false),
            production: raw.production.unwrap_or(true),
            transport,
            path: path.trim_end_matches('/').to_owned(),
            url,
            http,
        })
    }

    fn ssh(
        &self,
        host: &str,
        port: Option<raw::Port>,
        jump: Option<String>,
        identity: Option<String>,
        known: Option<String>,
    ) -> Resolved<Ssh> {
        let here = |key: &'static str| ["environments", self.environment, key];
        let (user, host) = host.split_once('@').map_or((None, host), |(user, host)| (Some(user), host));
        let plain = |text: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:[]%".contains(c))
        };
        if !plain(host) || user.is_some_and(|user| !plain(user)) {
            let help = Some("write [user@]host; the port has its own key".to_owned());
            return Err(self.text.at(&here("host"), format!("{host:?} is no host"), help));
        }
        let port = match port {
            None => "22".to_owned(),
            Some(raw::Port::Number(number)) => number.to_string(),
            Some(raw::Port::Text(text)) => self.put_in(&here("port"), &text)?,
        };
        let port = port.parse().ok().filter(|port: &u16| *port > 0).ok_or_else(|| {
            self.text.at(
                &here("port"),
                "the port is no number from 1 to 65535",
                Some("write `port: 22`, or leave it out".to_owned()),
            )
        })?;
        let known = self.beside.known_hosts.clone().or(known).ok_or_else(|| {
            let scan = if port == 22 { format!("ssh-keyscan {host}") } else { format!("ssh-keyscan -p {port} {host}") };
            let help = format!(
                "name a file, or give the lines that `{scan}` prints, once compared with what the server itself says: \
                 `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`"
            );
            self.text.at(&here("known_hosts"), "`known_hosts` is missing: host keys are checked strictly", Some(help))
        })?;
        let known_hosts = if known.trim().contains([' ', '\n']) {
            KnownHosts::Text(known)
        } else {
            KnownHosts::File(self.path(known.trim()))
        };
        Ok(Ssh {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            jump,
            identity_file: self.beside.identity_file.clone().or_else(|| identity.map(|path| self.path(&path))),
            known_hosts,
        })
    }

    /// An address or a name to connect to. The port is the one that the URL has; an IPv6 address gets its brackets.
    fn address(&self, path: &[&str], text: &str) -> Resolved<String> {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => Ok(format!("[{address}]")),
            Ok(IpAddr::V4(address)) => Ok(address.to_string()),
            Err(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') => {
                Ok(text.to_owned())
            }
            Err(_) => {
                let help = Some("write an address alone, such as 127.0.0.1: the port is the one in `url`".to_owned());
                Err(self.text.at(path, format!("resolve: {text:?} is no address to connect to"), help))
            }
        }
    }
}
