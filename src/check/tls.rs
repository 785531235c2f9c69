//! The certificate, from a real handshake.

use std::{
    io,
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use reqwest::Url;
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use rustls_platform_verifier::ConfigVerifierExt;

/// rustls needs to be told which cryptography to use, once in a process.
pub(super) fn install_provider() {
    // A second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Days to expiry, from a handshake that this machine's trust store accepts.
pub(super) async fn check(site: Option<&Url>, days: u32, within: Duration) -> Result<String, String> {
    let url = site.filter(|url| url.scheme() == "https").ok_or("the site's url is not https")?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let limit = within.max(Duration::from_secs(1));
    let left = tokio::task::spawn_blocking(move || expiry(&host, port, limit)).await;
    let left = left.map_err(|_| "the handshake was given up".to_owned())??;
    if left < i64::from(days) {
        Err(format!("the certificate is valid for {left} days yet, fewer than {days}"))
    } else {
        Ok(format!("valid for {left} days yet"))
    }
}

/// Whole days until the certificate ends.
fn expiry(host: &str, port: u16, limit: Duration) -> Result<i64, String> {
    install_provider();
    let config = ClientConfig::with_platform_verifier().map_err(|error| format!("no trust store: {error}"))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} cannot be in a certificate"))?;
    let no_answer = |error: io::Error| format!("no answer: {error}");
    let mut addresses = (host, port).to_socket_addrs().map_err(no_answer)?;
    let address = addresses.next().ok_or("the name leads nowhere")?;
    let mut stream = TcpStream::connect_timeout(&address, limit).map_err(no_answer)?;
    stream.set_read_timeout(Some(limit)).map_err(no_answer)?;
    stream.set_write_timeout(Some(limit)).map_err(no_answer)?;
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
