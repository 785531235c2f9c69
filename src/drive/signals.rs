//! SIGINT, SIGTERM and SIGHUP: somebody wants this command to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The three signals, listened to from here on.
pub(super) struct Signals([Option<Signal>; 3]);

impl Signals {
    /// From here on they do not end the process.
    pub(super) fn listen() -> Self {
        Self([SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(|kind| signal(kind).ok()))
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            () = one(interrupt) => {}
            () = one(terminate) => {}
            () = one(hangup) => {}
        }
    }
}

async fn one(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
