//! Foreign text on its way to people: whatever it is, nothing obeys it.

use backstay::{
    github::commands::{error, group, mask},
    report::{escape, json_line, lines, one_line, result_line, shortened},
};

pub fn take(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = escape(&text);
    is_harmless(&shown);
    assert_eq!(escape(&shown), shown, "twice is once");
    is_harmless(&one_line(&text));
    let several = lines(&text);
    several.lines().for_each(is_harmless);
    assert_eq!(several.split('\n').count(), text.lines().count().max(1));
    result_line(&several, 2);

    for limit in [0, 10, 1000] {
        let short = shortened(&text, limit);
        assert!(short.len() <= limit + 40 && (text.len() > limit || short == text), "{short:?}");
    }

    let value = serde_json::json!({ text.as_ref(): text.as_ref() });
    let line = json_line(&value);
    assert!(!line.chars().any(char::is_control) && !line.contains("##["), "{line:?}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).ok(), Some(value));

    is_one_command(&error(&text, &text), "::error title=");
    mask(&text).split_inclusive('\n').for_each(|line| is_one_command(line, "::add-mask::"));
    let folded = group(&text, &format!("{several}\n"), "0123456789abcdef");
    let all: Vec<&str> = folded.split_inclusive('\n').collect();
    is_one_command(all[0], "::group::");
    assert_eq!(all[1], "::stop-commands::0123456789abcdef\n");
    assert_eq!(all[all.len() - 2..], ["::0123456789abcdef::\n", "::endgroup::\n"]);
}

/// A line that no terminal and no CI runner takes for anything but text. The runner's rules are those of `ActionCommand.cs`: the
/// newer form at the start of a line behind blanks, the older one anywhere.
pub fn is_harmless(line: &str) {
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!line.contains(is_hidden), "{line:?}");
    assert!(!line.trim_start().starts_with("::"), "{line:?}");
    assert!(!line.contains("##[") && !line.contains("##vso[") && !line.contains("##teamcity["), "{line:?}");
}

fn is_one_command(line: &str, begin: &str) {
    let body = line.strip_suffix('\n').unwrap_or_else(|| panic!("no end: {line:?}"));
    assert!(body.starts_with(begin) && !body.contains(['\n', '\r']), "{line:?}");
}
