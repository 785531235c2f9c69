//! A TCP proxy that makes the way to a server longer. Bytes wait half a round trip in each direction; bandwidth is as it
//! was, and a connection itself stands at once, which is to the advantage of everybody alike.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc,
    time::{Duration, Instant},
};

/// Listens from now on, to the end of the process; answers with its port.
pub fn start(server: u16, round_trip: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
            delay(&client, &server, round_trip / 2);
            delay(&server, &client, round_trip / 2);
        }
    });
    port
}

/// One direction: what is read goes on after `delay`, the end of it too.
fn delay(from: &TcpStream, to: &TcpStream, delay: Duration) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
    let (mut from, mut to) = (clone(from), clone(to));
    let _ = to.set_nodelay(true);
    let (sender, waiting) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            if sender.send((Instant::now() + delay, chunk[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, bytes) in waiting {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
