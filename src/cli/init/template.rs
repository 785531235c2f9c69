//! Templates → files. The one place where what was found in a repository gets into YAML: quoted, and never as an expression.

use std::collections::BTreeMap;

use thiserror::Error;

/// What a template is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// Texts, as a list on one line.
    List(Vec<String>),
    /// Only there or not: for `%if`.
    There,
}

/// Names in a template with their values.
pub(super) type Values = BTreeMap<&'static str, Value>;

/// Why a template cannot be filled.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum FillError {
    /// GitHub and Backstay would put something in place of it.
    #[error("{0:?} cannot be written into a file where ${{ begins an expression")]
    Expression(String),
    /// The template is wrong: an error of Backstay itself.
    #[error("the template asks for {0}, which is not known")]
    Unknown(String),
    /// The template is wrong: an error of Backstay itself.
    #[error("%if, %else and %end do not match in the template")]
    Unmatched,
}

/// Puts values in place of `%{name}`. Lines from `%if name` to `%else` or `%end` are there when the name has a value.
pub(super) fn fill(template: &str, values: &Values) -> Result<String, FillError> {
    let mut filled = String::with_capacity(template.len());
    let mut open: Vec<bool> = Vec::new();
    for line in template.lines() {
        if let Some(name) = line.strip_prefix("%if ") {
            open.push(values.contains_key(name));
        } else if line == "%else" {
            let last = open.last_mut().ok_or(FillError::Unmatched)?;
            *last = !*last;
        } else if line == "%end" {
            open.pop().ok_or(FillError::Unmatched)?;
        } else if open.iter().all(|is_there| *is_there) {
            fill_line(&mut filled, line, values)?;
            filled.push('\n');
        }
    }
    if open.is_empty() { Ok(filled) } else { Err(FillError::Unmatched) }
}

fn fill_line(filled: &mut String, line: &str, values: &Values) -> Result<(), FillError> {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("%{") {
        let (name, after) = after.split_once('}').ok_or(FillError::Unmatched)?;
        filled.push_str(before);
        match values.get(name) {
            Some(Value::Text(text)) => filled.push_str(&scalar(text)?),
            Some(Value::List(texts)) => {
                let texts = texts.iter().map(|text| scalar(text)).collect::<Result<Vec<_>, _>>()?;
                filled.push('[');
                filled.push_str(&texts.join(", "));
                filled.push(']');
            }
            Some(Value::There) | None => return Err(FillError::Unknown(name.to_owned())),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(())
}

/// A text as YAML reads it back, on one line, also in `[…]` and `{…}`. JSON's strings are YAML's, but for characters that YAML has
/// no place for: those are escaped as well.
fn scalar(text: &str) -> Result<String, FillError> {
    if text.contains("${") {
        return Err(FillError::Expression(text.to_owned()));
    }
    let is_word = !matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    if is_word && begins && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/@-".contains(&b)) {
        return Ok(text.to_owned());
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    for c in serde_json::Value::from(text).to_string().chars() {
        if c.is_ascii() && c != '\u{7f}' || c.is_alphanumeric() {
            quoted.push(c);
        } else {
            // JSON would write two surrogates where YAML has one number
            let number = format!("{:08x}", u32::from(c));
            quoted.push_str("\\U");
            quoted.push_str(&number);
        }
    }
    Ok(quoted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(pairs: &[(&'static str, Value)]) -> Values {
        pairs.iter().cloned().collect()
    }

    #[test]
    fn lines_between_if_and_end_are_there_when_the_name_is() {
        let template = "a\n%if x\nb\n%if y\nc\n%else\nd\n%end\n%else\ne\n%end\nf\n";
        let filled = |values: &Values| fill(template, values).expect("it is whole");
        assert_eq!(filled(&of(&[])), "a\ne\nf\n");
        assert_eq!(filled(&of(&[("x", Value::There)])), "a\nb\nd\nf\n");
        assert_eq!(filled(&of(&[("x", Value::There), ("y", Value::There)])), "a\nb\nc\nf\n");
        assert_eq!(filled(&of(&[("y", Value::There)])), "a\ne\nf\n");
    }

    #[test]
    fn a_template_that_is_not_whole_is_an_error() {
        for bad in ["%if x\n", "%end\n", "%else\n", "a %{x\n"] {
            assert_eq!(fill(bad, &of(&[])), Err(FillError::Unmatched), "{bad}");
        }
        assert_eq!(fill("%{x}\n", &of(&[])), Err(FillError::Unknown("x".to_owned())));
    }

    #[test]
    fn what_is_plain_stays_plain_and_what_yaml_reads_otherwise_is_quoted() {
        let shown = |text: &str| fill("%{x}", &of(&[("x", Value::Text(text.to_owned()))])).expect("it can be written");
        assert_eq!(shown("vendor/bin/pest"), "vendor/bin/pest\n");
        for (text, quoted) in [("8.2", "\"8.2\"\n"), ("no", "\"no\"\n"), ("a: b", "\"a: b\"\n"), ("", "\"\"\n")] {
            assert_eq!(shown(text), quoted);
        }
    }

    #[test]
    fn nothing_that_was_found_becomes_an_expression() {
        let values = of(&[("x", Value::Text("${{ secrets.KEY }}".to_owned()))]);
        assert_eq!(fill("%{x}", &values), Err(FillError::Expression("${{ secrets.KEY }}".to_owned())));
        let values = of(&[("x", Value::List(vec!["a".to_owned(), "${HOME}".to_owned()]))]);
        assert_eq!(fill("%{x}", &values), Err(FillError::Expression("${HOME}".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in any::<String>().prop_filter("no expression", |text| !text.contains("${"))) {
            let values = of(&[("x", Value::Text(text.clone())), ("y", Value::List(vec![text.clone(), text.clone()]))]);
            let filled = fill("x: %{x} # more\ny: %{y}\nz: { a: %{x} }\n", &values).expect("it can be written");
            prop_assert_eq!(filled.lines().count(), 3);
            let read: serde_json::Value = serde_yaml::from_str(&filled).expect("it is YAML");
            prop_assert_eq!(read, serde_json::json!({"x": text, "y": [text, text], "z": {"a": text}}));
        }
    }
}
