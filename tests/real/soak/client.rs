//! A user who writes all the time, and what was answered.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::plan::Chance;
use crate::support::get;

/// The first row of the user's; those before it are the app's own.
pub const FIRST: u32 = 1000;

/// Writes until it is dropped.
pub struct Client {
    log: Arc<Mutex<Log>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What was written, as far as the user knows.
#[derive(Default)]
pub struct Log {
    pub rows: BTreeMap<u32, Row>,
    pub acknowledged: usize,
    pub refused: usize,
    pub unknown: usize,
    written: u32,
}

/// One row.
#[derive(Default, Debug)]
pub struct Row {
    /// What may stand there: the text that was acknowledged last, and those after it that nobody has answered for.
    pub texts: Vec<Written>,
    /// No write of it was acknowledged yet.
    pub may_lack: bool,
    /// Of the last migration that has met it, as it was found; nothing: it is new since then.
    pub stamp: Option<u32>,
}

/// A text, and when its answer came, in milliseconds since 1970 as journals have it.
#[derive(Debug, Clone)]
pub struct Written {
    pub text: String,
    #[expect(dead_code, reason = "for people: it is shown with a row that is not as it should be")]
    pub answered_ms: u128,
}

impl Client {
    pub fn start(port: u16, mut chance: Chance) -> Self {
        let (log, stop) = (Arc::<Mutex<Log>>::default(), Arc::<AtomicBool>::default());
        let (shared, told) = (Arc::clone(&log), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                // who looked at it has found something wrong
                let Ok(mut log) = shared.lock() else { break };
                log.write(port, &mut chance);
                drop(log);
                std::thread::sleep(Duration::from_millis(60) + chance.up_to_ms(300));
            }
        });
        Self { log, stop, thread: Some(thread) }
    }

    /// Nothing is written while this is held, and no answer is outstanding.
    pub fn pause(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no panic while held")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Log {
    /// A new row, or another text in one that there is no doubt about.
    fn write(&mut self, port: u16, chance: &mut Chance) {
        self.written += 1;
        let fresh = self.rows.last_key_value().map_or(FIRST, |(id, _)| id + 1);
        let id = if fresh == FIRST || chance.below(5) == 0 {
            fresh
        } else {
            FIRST + u32::try_from(chance.below((fresh - FIRST) as usize)).expect("a row's number")
        };
        let id = if self.rows.get(&id).is_some_and(Row::is_in_doubt) { fresh } else { id };
        let text = format!("{}-{:016x}", self.written, chance.next());
        let (status, body) = get(port, &format!("/write/{id}/{text}"));
        let answered_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let is_new = !self.rows.contains_key(&id);
        let written = Written { text: text.clone(), answered_ms };
        if status == 503 {
            // maintenance comes before the app does anything
            self.refused += 1;
        } else if status == 200 && body == format!("written {id} {text}") {
            self.acknowledged += 1;
            self.rows.entry(id).or_default().texts = vec![written];
        } else {
            self.unknown += 1;
            let row = self.rows.entry(id).or_default();
            row.texts.push(written);
            row.may_lack = is_new;
        }
    }
}

impl Row {
    fn is_in_doubt(&self) -> bool {
        self.may_lack || self.texts.len() > 1
    }
}
