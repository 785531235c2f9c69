//! Lines of a screen: columns, wrapping, rules. Widths are those of the terminal's cells, so that wide letters stay in their
//! column. Knows no event and no terminal.

use console::measure_text_width;

use super::time;

/// The columns of what is told while a run goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Cells in a line.
    width: usize,
    /// Those of the column of names.
    name: usize,
}

/// Mark and blank before a name.
const MARK: usize = 2;
/// Cells that stay free behind what lives: a terminal shows `^C` there, perhaps twice.
const SPARE: usize = 5;
/// The longest duration, `12 min 05 s`, and two blanks before it.
const TOOK: usize = 13;

impl Layout {
    /// For a screen that wide; one that is too narrow for columns is left to wrap by itself.
    pub(super) fn new(width: usize) -> Self {
        let width = width.clamp(40, 120);
        Self { width, name: if width < 70 { 15 } else { 20 } }
    }

    /// `✓ name   text … took`, the text below itself where it needs several lines.
    pub(super) fn row(self, mark: char, name: &str, text: &str, took_ms: Option<u64>) -> Vec<String> {
        let took = took_ms.map(time::duration).unwrap_or_default();
        let right = if took.is_empty() { 0 } else { measure_text_width(&took) + 2 };
        let name = &cut(name, self.width - MARK - TOOK);
        let begin = MARK + self.name.max(measure_text_width(name)) + 1;
        let indent = MARK + self.name + 1;
        let room = |begin: usize| (self.width - right).saturating_sub(begin);
        let parts = wrap(text, room(begin), room(indent));
        let head = pad(&format!("{mark} {name}"), begin - 1);
        let mut lines = Vec::new();
        for (n, part) in parts.iter().enumerate() {
            let line = if n == 0 { format!("{head} {part}") } else { format!("{}{part}", " ".repeat(indent)) };
            let took = if n == 0 { took.as_str() } else { "" };
            lines.push(self.flush_right(&line, took));
        }
        lines
    }

    /// `── text ──`, in several lines where it is long.
    pub(super) fn rule(self, text: &str) -> Vec<String> {
        let room = self.width - 10;
        let parts = wrap(text, room, room);
        let last = parts.len() - 1;
        let around = |(n, part): (usize, &String)| {
            format!("  {} {part}{}", if n == 0 { "──" } else { "  " }, if n == last { " ──" } else { "" })
        };
        parts.iter().enumerate().map(around).collect()
    }

    /// What lives at the bottom: name, elapsed time, the newest line of output; never longer than a line.
    pub(super) fn living(self, name: &str, elapsed_ms: u64, newest: &str) -> String {
        let head = pad(name, self.name);
        cut(&format!("{head} {:>9}  {newest}", time::duration(elapsed_ms)), self.width - MARK - SPARE)
    }

    /// A paragraph; lines after the first are indented.
    pub(super) fn paragraph(self, text: &str, indent: usize) -> Vec<String> {
        let parts = wrap(text, self.width, self.width - indent);
        let line = |(n, part): (usize, String)| if n == 0 { part } else { " ".repeat(indent) + &part };
        parts.into_iter().enumerate().map(line).collect()
    }

    fn flush_right(self, line: &str, right: &str) -> String {
        if right.is_empty() {
            return line.trim_end().to_owned();
        }
        let room = self.width.saturating_sub(measure_text_width(right));
        format!("{}{right}", pad(line, room))
    }
}

/// Blanks up to that many cells.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(measure_text_width(text))))
}

/// Not more than that many cells, with a mark where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    let mut shown = fitting(text, width.saturating_sub(1)).to_owned();
    shown.push('…');
    shown
}

/// Lines of at most `first` and then `rest` cells, broken at blanks, within a word only where it is wider than a line.
/// There is at least one.
fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for mut word in text.split_inclusive(' ') {
        loop {
            let room = if lines.is_empty() { first } else { rest.max(8) };
            let used = measure_text_width(&line);
            if used + measure_text_width(word.trim_end()) <= room {
                line.push_str(word);
                break;
            }
            if used == 0 && room >= 8 {
                let part = fitting(word, room);
                line.push_str(part);
                word = &word[part.len()..];
            }
            lines.push(std::mem::take(&mut line));
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// As much from the start as fits, at least one letter.
fn fitting(text: &str, width: usize) -> &str {
    let mut end = text.chars().next().map_or(0, char::len_utf8);
    for (at, c) in text.char_indices() {
        if measure_text_width(&text[..at + c.len_utf8()]) > width {
            break;
        }
        end = at + c.len_utf8();
    }
    &text[..end]
}

/// At most so many bytes of a text, and a sign where something is missing.
pub fn shortened(text: &str, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max_bytes);
    format!("{} … ({} bytes more)", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_screen_and_no_word_is_lost(width in 40usize..130, name in "[a-z鍵-]{1,12}", text in "[a-z鍵🔑 ]{0,200}", took in any::<Option<u32>>()) {
            let layout = Layout::new(width);
            let lines = layout.row('✓', &name, &text, took.map(u64::from));
            for line in lines.iter().chain(&layout.rule(&text)).chain(&layout.paragraph(&text, 4)).chain([&layout.living(&name, 5, &text)]) {
                prop_assert!(measure_text_width(line) <= width.clamp(40, 120), "{line:?}");
            }
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            let all = letters(&lines.concat());
            let expected = format!("✓{}", letters(&name));
            prop_assert!(all.starts_with(&expected));
            let took = letters(&took.map(|ms| time::duration(ms.into())).unwrap_or_default());
            let body = lines.iter().map(|line| letters(line)).collect::<Vec<_>>().concat();
            prop_assert_eq!(body.replacen(&took, "", usize::from(!took.is_empty())), format!("{expected}{}", letters(&text)));
        }
    }
}
