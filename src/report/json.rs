//! JSON lines, as scripts of users rely on them: `v`, `ts`, `event`, `run`, then what the event has.

use serde_json::{Map, Value, json};

use super::time;
use crate::model::Event;

/// One line, without its line end.
pub(super) fn line(event: &Event) -> String {
    let mut object = Map::new();
    object.insert("v".to_owned(), json!(1));
    object.insert("ts".to_owned(), json!(time::rfc3339(event.at_ms)));
    let Ok(Value::Object(fields)) = serde_json::to_value(event) else { return Value::Object(object).to_string() };
    object.insert("event".to_owned(), fields.get("event").cloned().unwrap_or_default());
    object.insert("run".to_owned(), fields.get("run").cloned().unwrap_or_default());
    object.extend(fields.into_iter().filter(|(name, _)| name != "event" && name != "run"));
    Value::Object(object).to_string()
}
