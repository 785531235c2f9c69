//! The terminal that a bar is drawn on.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use console::Term;
use indicatif::TermLike;

/// Leaves the cursor behind the text of the last line. indicatif fills every line up with blanks and leaves it at the right edge:
/// the `^C` that a terminal shows would go to the next line, and the bar above it would never be cleared.
#[derive(Debug)]
pub(super) struct Screen {
    term: Term,
    /// Blanks that are written only when something comes after them.
    blanks: Mutex<String>,
}

impl Default for Screen {
    fn default() -> Self {
        Self { term: Term::buffered_stderr(), blanks: Mutex::default() }
    }
}

impl Screen {
    fn take_blanks(&self) -> String {
        std::mem::take(&mut self.blanks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)?;
        self.take_blanks();
        self.term.write_line("")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| byte == b' ') {
            self.blanks.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
            return Ok(());
        }
        self.term.write_str(&self.take_blanks())?;
        self.term.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.term.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.take_blanks();
        self.term.flush()
    }
}
