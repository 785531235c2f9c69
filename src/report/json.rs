//! JSON lines, as scripts of users rely on them: `v`, `ts`, `event`, `run`, then what the event has.

use serde_json::{Map, Value, json};

use super::{escape::is_unseen, time};
use crate::model::Event;

/// One line, without its line end.
pub(super) fn line(event: &Event) -> String {
    let mut object = Map::new();
    object.insert("v".to_owned(), json!(1));
    object.insert("ts".to_owned(), json!(time::rfc3339(event.at_ms)));
    let Ok(Value::Object(fields)) = serde_json::to_value(event) else { return json_line(&object.into()) };
    object.insert("event".to_owned(), fields.get("event").cloned().unwrap_or_default());
    object.insert("run".to_owned(), fields.get("run").cloned().unwrap_or_default());
    object.extend(fields.into_iter().filter(|(name, _)| name != "event" && name != "run"));
    json_line(&object.into())
}

/// A value on one line that says the same to whoever parses it, and nothing to a terminal or to a CI runner that looks for
/// its commands (`##[…`, `##vso[…`) anywhere in a line.
pub fn json_line(value: &Value) -> String {
    let mut line = String::new();
    // outside of strings there is nothing of this kind
    for c in value.to_string().replace("##", "#\\u0023").chars() {
        if c.is_control() || is_unseen(c) {
            line.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            line.push(c);
        }
    }
    line
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
