//! A TCP proxy on the way to a server: it makes the way longer, or lets nothing through for a while.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// It listens to the end of the process.
pub struct Proxy {
    pub port: u16,
    way: Arc<Way>,
}

#[derive(Default)]
struct Way {
    delay: Duration,
    is_blocked: AtomicBool,
    taken: AtomicUsize,
    given_up: AtomicUsize,
}

impl Proxy {
    /// Bytes wait half a round trip in each direction; bandwidth is as it was, and a connection itself stands at once,
    /// which is to the advantage of everybody alike.
    pub fn start(server: u16, round_trip: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let way = Arc::new(Way { delay: round_trip / 2, ..Way::default() });
        let proxy = Self { port, way: Arc::clone(&way) };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                way.taken.fetch_add(1, Ordering::Relaxed);
                let at_end = Arc::clone(&way);
                way.carry(&client, &server, move || _ = at_end.given_up.fetch_add(1, Ordering::Relaxed));
                way.carry(&server, &client, || {});
            }
        });
        proxy
    }

    /// Nothing gets through any more, as behind a firewall that forgot the connection: not even its end.
    pub fn block(&self) {
        self.way.is_blocked.store(true, Ordering::Relaxed);
    }

    /// What waited goes on, and all that follows.
    pub fn heal(&self) {
        self.way.is_blocked.store(false, Ordering::Relaxed);
    }

    /// How many connections were made.
    pub fn taken(&self) -> usize {
        self.way.taken.load(Ordering::Relaxed)
    }

    /// How many of them their clients have closed.
    pub fn given_up(&self) -> usize {
        self.way.given_up.load(Ordering::Relaxed)
    }
}

impl Way {
    /// One direction: what is read goes on after the delay, the end of it too.
    fn carry(self: &Arc<Self>, from: &TcpStream, to: &TcpStream, at_end: impl FnOnce() + Send + 'static) {
        let clone = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
        let (mut from, mut to, way) = (clone(from), clone(to), Arc::clone(self));
        let _ = to.set_nodelay(true);
        let (sender, waiting) = mpsc::channel::<(Instant, Vec<u8>)>();
        let delay = self.delay;
        std::thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = from.read(&mut chunk) {
                if sender.send((Instant::now() + delay, chunk[..read].to_vec())).is_err() {
                    break;
                }
            }
            at_end();
        });
        std::thread::spawn(move || {
            for (due, bytes) in waiting {
                way.wait_until(due);
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            way.wait_until(Instant::now());
            let _ = to.shutdown(Shutdown::Write);
        });
    }

    fn wait_until(&self, due: Instant) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        while self.is_blocked.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
