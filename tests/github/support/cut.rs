//! A way to a server that breaks once, after a request has arrived there and before its answer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The way.
pub struct Cut {
    pub api_url: String,
    cut: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Cut {
    /// The first such request is without an answer.
    pub async fn before(server: &str, method: &'static str, path: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let api_url = format!("http://{}", listener.local_addr().expect("bound"));
        let (server, cut) = (server.trim_start_matches("http://").to_owned(), Arc::new(AtomicBool::new(false)));
        let has_cut = Arc::clone(&cut);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, server.clone(), method, path, Arc::clone(&has_cut)));
            }
        });
        Self { api_url, cut, task }
    }

    pub fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request, for which the server has a connection of its own, and its answer.
async fn relay(mut client: TcpStream, server: String, method: &str, path: &str, cut: Arc<AtomicBool>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length =
        head.to_lowercase().split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).await.ok()?;
    let mut server = TcpStream::connect(server).await.ok()?;
    let asked = head.trim_end().to_owned() + "\r\nconnection: close\r\n\r\n";
    server.write_all(&[asked.as_bytes(), &body].concat()).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    let line = head.lines().next()?;
    if line.starts_with(method) && line.contains(path) && !cut.swap(true, Ordering::SeqCst) {
        return None;
    }
    client.write_all(&answer).await.ok()
}
