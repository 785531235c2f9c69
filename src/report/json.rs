//! JSON lines, as scripts of users rely on them: `v`, `ts`, `event`, `run`, then what the event has.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{
    Map, Value, json,
    ser::{Formatter, Serializer},
};

use super::{escape::is_unseen, time};
use crate::model::Event;

/// One line, without its line end.
pub(super) fn line(event: &Event) -> String {
    let mut object = Map::new();
    object.insert("v".to_owned(), json!(1));
    object.insert("ts".to_owned(), json!(time::rfc3339(event.at_ms)));
    let Ok(Value::Object(fields)) = serde_json::to_value(event) else { return json_line(&object) };
    object.insert("event".to_owned(), fields.get("event").cloned().unwrap_or_default());
    object.insert("run".to_owned(), fields.get("run").cloned().unwrap_or_default());
    object.extend(fields.into_iter().filter(|(name, _)| name != "event" && name != "run"));
    json_line(&object)
}

/// A value on one line that says the same to whoever parses it, and nothing to a terminal or to a CI runner that looks for
/// its commands (`##[…`, `##vso[…`) anywhere in a line.
pub fn json_line(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut line, Harmless));
    debug_assert!(written.is_ok(), "what we say has text for keys, and memory takes it");
    String::from_utf8(line).unwrap_or_default()
}

/// Compact JSON. Outside of strings there is nothing to be obeyed.
struct Harmless;

impl Formatter for Harmless {
    // a fragment ends only where serde_json itself spells a character out
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut before = ' ';
        for c in fragment.chars() {
            if c.is_control() || is_unseen(c) || c == '#' && before == '#' {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
            before = c;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foreign_in_json_is_read_by_parsers_alone() {
        for foreign in [
            "\u{1b}[31m",
            "a\u{9b}2J",
            "\u{202e}evil",
            "\u{e0041}",
            "##[add-path]/tmp",
            "####[x",
            "##vso[x]",
            "\\##[",
            "größe",
        ] {
            let value = json!({ "text": foreign });
            let line = json_line(&value);
            assert!(!line.contains("##") && !line.chars().any(|c| c.is_control() || is_unseen(c)), "{line}");
            assert_eq!(serde_json::from_str::<Value>(&line).ok(), Some(value), "{line}");
        }
    }
}
