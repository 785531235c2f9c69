//! The one place where a value becomes sh source.

use std::fmt::Write;

/// A value as one sh word. Single quotes carry every byte but the quote itself and NUL, in every locale and
/// every sh (POSIX 2.2.2). NUL cannot be in an argument or a variable at all: it is left out.
pub fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\0', "").replace('\'', r"'\''"))
}

/// A `params` file: one `NAME='value'` a line, to be sourced by the script beside it.
///
/// Names are ours and fixed (upper case, digits, `_`); values may be anything.
pub fn params<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in values {
        debug_assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        let _ = writeln!(text, "{name}={}", quote(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_value_survives_the_trip_through_sh(value in "[^\0]*") {
            let script = format!("{}printf %s \"$VALUE\"", params([("VALUE", value.as_str())]));
            let shown = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
            prop_assert_eq!(String::from_utf8_lossy(&shown.stdout), value);
        }
    }
}
