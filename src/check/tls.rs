//! The certificate, from a real handshake.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use rustls_platform_verifier::ConfigVerifierExt;

use super::{From, Site};
use crate::target::Way;

/// rustls needs to be told which cryptography to use, once in a process.
pub(crate) fn install_provider() {
    // A second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Days to expiry, from a handshake that this machine's trust store accepts. Where the target asks, the bytes go its way.
pub(super) async fn check(site: &Site, days: u32, within: Duration, from: From<'_>) -> Result<String, String> {
    let url = site.address().filter(|url| url.scheme() == "https").ok_or("the site's url is not https")?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let limit = within.max(Duration::from_secs(1));
    let way = match from {
        From::Runner => None,
        From::Target(target, _) => {
            let to = site.resolve.as_deref().unwrap_or(&host).trim_matches(['[', ']']);
            target.way(to, port).await.map_err(|error| format!("no way through the target: {error}"))?
        }
    };
    let left = tokio::task::spawn_blocking(move || match &way {
        Some(way) => expiry(&host, through(way, limit).map_err(no_answer)?),
        None => expiry(&host, directly((&host, port), limit).map_err(no_answer)?),
    });
    let left = left.await.map_err(|_| "the handshake was given up".to_owned())??;
    if left < i64::from(days) {
        Err(format!("the certificate is valid for {left} days yet, fewer than {days}"))
    } else {
        Ok(format!("valid for {left} days yet"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn no_answer(error: io::Error) -> String {
    format!("no answer: {error}")
}

fn directly(to: (&str, u16), limit: Duration) -> io::Result<TcpStream> {
    let address = to.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the name leads nowhere"))?;
    let stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

fn through(way: &Way, limit: Duration) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(way.socket())?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

/// Whole days until the certificate ends.
fn expiry(host: &str, mut stream: impl Read + Write) -> Result<i64, String> {
    install_provider();
    let config = ClientConfig::with_platform_verifier().map_err(|error| format!("no trust store: {error}"))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} cannot be in a certificate"))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| format!("the handshake failed: {error}"))?;
    }
    let chain = connection.peer_certificates().unwrap_or_default();
    let first = chain.first().ok_or("the server showed no certificate")?;
    let (_, certificate) = x509_parser::parse_x509_certificate(first).map_err(|_| "the certificate cannot be read")?;
    let left = certificate.validity().time_to_expiration().ok_or("the certificate has expired")?;
    Ok(left.whole_days())
}
