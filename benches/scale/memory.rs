//! What the scripts of a run hold in memory, all of them together: the kernel's proportional set size, so that what shells share
//! counts once. The app's own PHP is not ours.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Looks ten times a second, until it is told to end.
pub struct Scripts {
    is_over: Arc<AtomicBool>,
    looks: JoinHandle<Held>,
}

/// The most that was held at one time.
#[derive(Default)]
pub struct Held {
    pub peak_kb: u64,
    /// The processes that held most of it then.
    pub who: String,
}

impl Scripts {
    /// Of the site at that path: other runs may take place on the machine.
    pub fn watch(path: &Path) -> Self {
        let path = path.as_os_str().as_encoded_bytes().to_owned();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let looks = std::thread::spawn(move || {
            let mut most = Held::default();
            while !over.load(Ordering::Relaxed) {
                let mut all = held(&path);
                let peak_kb = all.iter().map(|(kb, _)| kb).sum();
                if peak_kb > most.peak_kb {
                    all.sort_unstable_by(|a, b| b.cmp(a));
                    let who = all.iter().take(4).map(|(kb, name)| format!("{name} {} MB", kb / 1024));
                    most = Held { peak_kb, who: who.collect::<Vec<_>>().join(", ") };
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            most
        });
        Self { is_over, looks }
    }

    pub fn end(self) -> Held {
        self.is_over.store(true, Ordering::Relaxed);
        self.looks.join().expect("it only looks")
    }
}

/// Kilobytes and name of every process that works on the site, by its environment or its words.
fn held(path: &[u8]) -> Vec<(u64, String)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let told = |file: &str| fs::read(entry.path().join(file)).unwrap_or_default();
            let works_on_it = |text: &[u8]| text.windows(path.len()).any(|part| part == path);
            let name = String::from_utf8_lossy(&told("comm")).trim().to_owned();
            let is_ours = works_on_it(&told("environ")) || works_on_it(&told("cmdline"));
            if !is_ours || name.starts_with("php") || name == "backstay" {
                return None;
            }
            let sizes = String::from_utf8(told("smaps_rollup")).ok()?;
            let line = sizes.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            Some((line.split_whitespace().next()?.parse().ok()?, name))
        })
        .collect()
}
