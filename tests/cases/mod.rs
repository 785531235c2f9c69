//! Many cases of one claim. A failing one is told with the line that reproduces it.

use std::{
    any::type_name,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::Builder,
};

/// Whether every case is to be tried that a run of tests tries some of: `./dev prove`.
pub fn proves_all() -> bool {
    std::env::var("PROVE").is_ok_and(|word| word == "all")
}

/// Tries every case, or `CASE='…'` alone, so many at a time. Three that fail are enough.
pub fn each_case<N: AsRef<str> + Sync, T: Sync, F: Fn(&str, &T) + Sync>(at_once: usize, cases: &[(N, T)], claim: F) {
    let only = std::env::var("CASE").ok();
    let chosen: Vec<_> =
        cases.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name.as_ref())).collect();
    let all = || cases.iter().map(|(name, _)| format!("\n  {}", name.as_ref())).collect::<String>();
    assert!(!chosen.is_empty(), "CASE is none of:{}", all());
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(chosen.len()) {
            scope.spawn(|| {
                while let Some((name, case)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = name.as_ref();
                    // the thread's name is what a panic is told with
                    let (thread, claim) = (Builder::new().name(name.to_owned()), &claim);
                    let running = thread.spawn_scoped(scope, move || claim(name, case)).expect("a thread");
                    if running.join().is_err() {
                        let all = if proves_all() { "PROVE=all " } else { "" };
                        let line = format!("{all}CASE='{name}' {}", command::<F>());
                        failed.lock().expect("no panic while held").push(line);
                    }
                    if failed.lock().expect("no panic while held").len() >= 3 {
                        break;
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic while held");
    assert!(failed.is_empty(), "failing cases:\n{}", failed.join("\n"));
}

/// The command that runs one test: the closure's type is named by the test that it stands in.
fn command<F>() -> String {
    let name = type_name::<F>();
    // innermost, where a function around the cases takes it
    let name = name.rsplit('<').next().unwrap_or(name);
    let name = name.split("::{{closure}}").next().unwrap_or(name);
    let (binary, test) = name.split_once("::").unwrap_or(("", name));
    format!("cargo test --locked --test {binary} {test} -- --exact --nocapture")
}
