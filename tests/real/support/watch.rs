//! A user that asks the site all the time.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Asks until it is ended.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeSet<u16>>,
}

impl Watch {
    pub fn start(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !told.load(Ordering::Relaxed) {
                seen.insert(get(port, "/").0);
                std::thread::sleep(Duration::from_millis(10));
            }
            seen
        });
        Self { stop, thread }
    }

    /// Every status that was seen.
    pub fn end(self) -> BTreeSet<u16> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it only asks")
    }
}

/// Status and body of a GET; 0 where nothing answers.
pub fn get(port: u16, path: &str) -> (u16, String) {
    let (status, _, body) = ask(port, path);
    (status, body)
}

/// Status and headers of it.
pub fn head(port: u16, path: &str) -> (u16, String) {
    let (status, head, _) = ask(port, path);
    (status, head)
}

fn ask(port: u16, path: &str) -> (u16, String, String) {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let answer = ask().unwrap_or_default();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (status, head.to_owned(), body.to_owned())
}
