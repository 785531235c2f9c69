//! Untrusted text → text that a terminal or a CI runner shows and does not obey.

/// One line of foreign text: control characters and those that turn the direction of writing are spelled out; words that a CI
/// runner would take for a command are broken up by a mark that has no width.
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("    "),
            c if c.is_control() || is_turning(c) => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown.replace("::", ":\u{200b}:").replace("##[", "##\u{200b}[")
}

/// Bidirectional controls (Unicode UAX 9) and separators that some viewers take for a line end.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_is_obeyed() {
        for bad in [
            "\u{1b}[2J",
            "::set-output name=x::y",
            "  ::error::x",
            "a ##[add-path]/tmp",
            "\u{202e}evil",
            "a\rb",
            "a\nb",
        ] {
            let shown = escape(bad);
            assert!(!shown.contains("::") && !shown.contains("##["), "{shown:?}");
            assert!(!shown.chars().any(|c| c.is_control() || is_turning(c)), "{shown:?}");
        }
        assert_eq!(escape("größe: 5 → 6"), "größe: 5 → 6");
    }
}
