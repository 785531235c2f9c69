//! `${NAME}` and `${NAME:-default}`; `$${` is a literal `${`.

use thiserror::Error;

/// Why a variable cannot be put in. The value is never part of it.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum VariableError {
    #[error("the variable {0} is not set")]
    Unset(String),
    #[error("${{ is never closed")]
    Open,
    #[error("{0:?} is no name of a variable")]
    Name(String),
}

/// The text with its variables put in.
pub(super) fn substitute(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, VariableError> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            result.push_str(before);
            result.push_str("${");
            rest = &from[2..];
            continue;
        }
        result.push_str(before);
        let (inside, after) = from[2..].split_once('}').ok_or(VariableError::Open)?;
        let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
        let shape = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !shape {
            return Err(VariableError::Name(name.chars().take(40).collect()));
        }
        let value = variable(name).filter(|v| !v.is_empty() || default.is_none());
        match value.or_else(|| default.map(str::to_owned)) {
            Some(value) => result.push_str(&value),
            None => return Err(VariableError::Unset(name.to_owned())),
        }
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_literals_stay() {
        let vars = |name: &str| (name == "A").then(|| "1".to_owned());
        assert_eq!(substitute("x${A}y${B:-z}$${A}", &vars), Ok("x1yz${A}".to_owned()));
        assert_eq!(substitute("${B}", &vars), Err(VariableError::Unset("B".to_owned())));
        assert_eq!(substitute("${A", &vars), Err(VariableError::Open));
        assert_eq!(substitute("${A B}", &vars), Err(VariableError::Name("A B".to_owned())));
    }
}
