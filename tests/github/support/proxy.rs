//! A proxy as companies have them: CONNECT for https, whole addresses for http. It leads every name to one server, with TLS
//! where that is asked for, and notes what was asked.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// The name that the certificate is for; no resolver knows it.
pub const HOST: &str = "api.github.test";

/// The proxy.
pub struct Proxy {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Leads to what listens on that address.
    pub async fn to(server: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tls = certificate(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (server, notes) = (server.trim_start_matches("http://").to_owned(), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, server.clone(), tls.clone(), Arc::clone(&notes)));
            }
        });
        Self { port, asked, folder, task }
    }

    /// The first lines and headers of what was asked.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic while held").clone()
    }

    /// The authority that vouches for [`HOST`].
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(mut client: TcpStream, server: String, tls: TlsAcceptor, notes: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    notes.lock().ok()?.push(String::from_utf8_lossy(&head).into_owned());
    let mut server = TcpStream::connect(server).await.ok()?;
    if head.starts_with(b"CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
        let mut client = tls.accept(client).await.ok()?;
        copy_bidirectional(&mut client, &mut server).await.ok()?;
    } else {
        server.write_all(&head).await.ok()?;
        copy_bidirectional(&mut client, &mut server).await.ok()?;
    }
    Some(())
}

fn certificate(folder: &Path) -> TlsAcceptor {
    let make = format!(
        "cd \"$1\"; ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        openssl req -x509 $ec -keyout ca.key -out ca.pem -days 30 -subj /CN=authority
        openssl req $ec -keyout site.key -out site.csr -subj /CN={HOST}
        printf 'subjectAltName=DNS:{HOST}\\nbasicConstraints=CA:FALSE\\nextendedKeyUsage=serverAuth\\n' >site.ext
        openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out site.pem -days 30 -extfile site.ext"
    );
    let made = Command::new("sh").args(["-euc", &make, "sh"]).arg(folder).output().expect("there is a shell");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let chain = vec![CertificateDer::from_pem_file(folder.join("site.pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(folder.join("site.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("it has some");
    let config = config.with_no_client_auth().with_single_cert(chain, key).expect("they belong together");
    TlsAcceptor::from(Arc::new(config))
}
