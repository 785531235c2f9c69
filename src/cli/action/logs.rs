//! The logs of a run's steps, each to be folded away.

use crate::{
    github::commands::group,
    plan::hex,
    report::{escape, shortened},
};

/// How much of a log is shown from its beginning, and from its end.
const HEAD_BYTES: usize = 32 * 1024;
const TAIL_BYTES: usize = 96 * 1024;

/// Prints them; `command` shows the whole of them.
pub(super) fn print(logs: &[(String, String)], command: &str) -> anyhow::Result<()> {
    for (name, text) in logs.iter().filter(|(_, text)| !text.trim().is_empty()) {
        let token = hex(&super::super::context::random(16)?);
        print!("{}", group(&format!("log of {}", escape(name)), &shown(text, command), &token));
    }
    Ok(())
}

/// Beginning and end, and what is not shown between them.
fn shown(text: &str, command: &str) -> String {
    let mut lines = String::new();
    let mut put = |part: &str| {
        for line in part.lines() {
            lines.push_str(&shortened(&escape(line), 4096));
            lines.push('\n');
        }
    };
    if text.len() <= HEAD_BYTES + TAIL_BYTES {
        put(text);
        return lines;
    }
    let head = text.floor_char_boundary(HEAD_BYTES);
    let tail = text.ceil_char_boundary(text.len() - TAIL_BYTES);
    put(&text[..head]);
    put(&format!("… {} bytes are not shown here: {command}", tail - head));
    put(&text[tail..]);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_shown_from_both_ends_and_says_where_the_rest_is() {
        let text: String = (0..500_000).map(|n| format!("größe {n}\n")).collect();
        let shown = shown(&text, "backstay logs RUN");
        assert!(shown.len() < 200_000, "{}", shown.len());
        assert!(shown.starts_with("größe 0\n") && shown.ends_with("größe 499999\n"));
        assert!(shown.contains(" bytes are not shown here: backstay logs RUN\n"));
    }

    #[test]
    fn a_log_is_shown_and_not_obeyed() {
        assert_eq!(shown("a\n::error::x\r\n##[group]y", ""), "a\n: :error::x\n## [group]y\n");
    }
}
