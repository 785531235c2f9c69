//! Untrusted text → text that a terminal or a CI runner shows and does not obey.

/// What begins a command of a CI runner anywhere in a line (GitHub's older form, Azure Pipelines, `TeamCity`), and how it is
/// shown.
const COMMANDS: [(&str, &str); 3] = [("##[", "## ["), ("##vso[", "##vso ["), ("##teamcity[", "##teamcity [")];

/// One line of foreign text: control characters, those that turn the direction of writing and those that cannot be seen are
/// spelled out; words that a CI runner would take for a command are broken up. Escaping twice changes nothing.
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("    "),
            c if c.is_control() || is_unseen(c) => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    // a line may have megabytes: it is copied where there is something to change
    for (command, broken) in COMMANDS.into_iter().filter(|(command, _)| text.contains(command)) {
        shown = shown.replace(command, broken);
    }
    without_workflow_commands(shown)
}

/// Several lines of text with foreign parts in it.
pub fn lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}

/// GitHub obeys `::name …::` at the start of a line. What looks like it is broken up wherever it stands; a name such as
/// `User::find` or an IPv6 address can be copied as it is.
fn without_workflow_commands(text: String) -> String {
    if !text.contains("::") {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("::") {
        let before = &rest[..at];
        let after = rest[at..].trim_start_matches(':');
        let colons = rest.len() - at - after.len();
        let begins_line = shown.trim_start().is_empty() && before.trim_start().is_empty();
        let word = after.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '-');
        let is_command =
            word.len() < after.len() && (word.starts_with("::") || word.starts_with(' ') && word.contains("::"));
        shown.push_str(before);
        shown.push_str(&vec![":"; colons].join(if begins_line || is_command { " " } else { "" }));
        rest = after;
    }
    shown + rest
}

/// Bidirectional controls (Unicode UAX 9), separators that some viewers take for a line end, and what has no width.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{061c}' | '\u{00ad}' | '\u{034f}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_is_obeyed_or_hidden() {
        for bad in [
            "\u{1b}[2J",
            "\u{9b}2J",
            "::set-output name=x::y",
            "  ::error::x",
            "  ::x",
            "so: ::error file=a.php,line=1::x",
            ":::error::x",
            "a ##[add-path]/tmp",
            "##vso[task.setvariable variable=x]y",
            "\u{202e}evil",
            "pass\u{200b}word\u{feff}\u{00ad}\u{2060}",
            "\u{e0041}",
            "a\rb",
            "a\nb",
        ] {
            let shown = escape(bad);
            assert!(
                !shown.contains("::error") && !shown.contains("::set") && !shown.trim_start().starts_with("::"),
                "{shown:?}"
            );
            assert!(!shown.contains("##[") && !shown.contains("##vso["), "{shown:?}");
            assert!(!shown.chars().any(|c| c.is_control() || is_unseen(c)), "{shown:?}");
            assert_eq!(escape(&shown), shown);
        }
    }

    #[test]
    fn what_harms_nobody_can_be_copied() {
        for good in ["größe: 5 → 6", "ssh deploy@fe80::1:2", "App\\Models\\User::find(1)", "ключ 鍵 🔑", "a ## b"]
        {
            assert_eq!(escape(good), good);
        }
    }
}
