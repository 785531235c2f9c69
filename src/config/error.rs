//! Errors in a configuration: file, line, column, the source line, and what to write instead.

use std::fmt;

use super::raw;

/// Something in the file that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as the user named it.
    pub file: String,
    /// Line and column, from 1; none where no place in the file is to blame.
    pub place: Option<(usize, usize)>,
    /// The source line, unless its values may be secret.
    pub source_line: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        if let (Some((line, column)), Some(source)) = (self.place, &self.source_line) {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            write!(f, "\n {margin} |\n {number} | {source}\n {margin} | {}^", " ".repeat(column.saturating_sub(1)))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  {help}")?;
        }
        Ok(())
    }
}

/// Line and column, from 1.
type Place = Option<(usize, usize)>;

/// A text with its name: makes errors that point into it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    /// An error at the key that `path` leads to, or at the nearest key above it that is in the file.
    pub(super) fn at(&self, path: &[&str], message: impl Into<String>, help: Option<String>) -> ConfigError {
        let place = (1..=path.len()).rev().find_map(|length| locate(self.text, &path[..length]));
        self.error(place, message.into(), help)
    }

    /// An error that the YAML reader found.
    pub(super) fn yaml(&self, error: &serde_yaml::Error) -> ConfigError {
        let place = error.location().map(|at| (at.line(), at.column()));
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let (place, help) =
            match quoted_after(&message, "unknown field ").or_else(|| quoted_after(&message, "unknown variant ")) {
                Some(word) => {
                    let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
                    (self.place_of_word(word, place), Some(suggestion(word, &known)))
                }
                None => self
                    .unquoted(&message)
                    .or_else(|| self.engine_by_another_name(&message, place))
                    .unwrap_or((place, None)),
            };
        let message = message.replace("unknown field", "unknown key").replace("unknown variant", "unknown value");
        let message =
            message.split(", expected one of").next().unwrap_or(&message).replace("ConfigFile", "backstay.yml");
        self.error(place, message, help)
    }

    /// A bare number or truth value where a text has to be. It is noticed in the merged file, which has no lines.
    fn unquoted(&self, message: &str) -> Option<(Place, Option<String>)> {
        let lead = message.strip_suffix(", expected a string")?.strip_prefix("invalid type: ")?;
        let value = lead.split('`').nth(1)?;
        let help = Some(format!("write it in quotes: \"{value}\""));
        let found = self.text.lines().enumerate().find_map(|(number, line)| {
            let column = line.find(&format!(": {value}"))? + 2;
            let is_whole = !line[column + value.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '.');
            is_whole.then_some((number + 1, column + 1))
        });
        Some((Some(found?), help))
    }

    /// An engine has two shapes, so the reader does not say which word it found: those that people write for one of ours.
    fn engine_by_another_name(&self, message: &str, from: Place) -> Option<(Place, Option<String>)> {
        let others = [("postgresql", "postgres"), ("pgsql", "postgres"), ("mariadb", "mysql")];
        let is_named = |(word, _): &&(&str, &str)| self.text.contains(&format!("engine: {word}"));
        let (word, ours) = others.iter().find(is_named).filter(|_| message.contains("expected auto, mysql"))?;
        Some((self.place_of_word(word, from), Some(format!("here it is called `{ours}`"))))
    }

    fn error(&self, place: Option<(usize, usize)>, message: String, help: Option<String>) -> ConfigError {
        let source_line = place
            .and_then(|(line, _)| self.text.lines().nth(line.saturating_sub(1)))
            .map(|line| line.chars().take(160).collect());
        ConfigError { file: self.name.to_owned(), place, source_line, message, help }
    }

    /// The reader blames the start of the map; the word itself is at or below that.
    fn place_of_word(&self, word: &str, from: Option<(usize, usize)>) -> Option<(usize, usize)> {
        let first = from.map_or(0, |(line, _)| line - 1);
        let found = self.text.lines().enumerate().skip(first).find_map(|(number, line)| {
            let column = line.find(word)?;
            let code = line.split('#').next().unwrap_or(line);
            (column < code.len()).then_some((number + 1, column + 1))
        });
        found.or(from)
    }
}

fn quoted_after<'a>(message: &'a str, lead: &str) -> Option<&'a str> {
    message.split_once(lead)?.1.strip_prefix('`')?.split('`').next()
}

/// What was probably meant, or all that is known.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    if let Some(reason) = not_yet(word) {
        return reason.to_owned();
    }
    let near = known.iter().max_by(|a, b| strsim::jaro_winkler(word, a).total_cmp(&strsim::jaro_winkler(word, b)));
    match near {
        Some(near) if strsim::jaro_winkler(word, near) > 0.8 => format!("did you mean `{near}`?"),
        _ => format!("known here: {}", known.join(", ")),
    }
}

/// Words that the format reserves for what is not built.
fn not_yet(word: &str) -> Option<&'static str> {
    Some(match word {
        "offsite" | "monitor" | "hosts" => "this key is reserved and not supported yet; leave it out",
        "systemd" | "horizon" => "not supported yet; use a worker of kind command",
        "dump" => "not supported yet; use auto or shadow",
        "rails" | "django" => "this preset is not supported yet; use custom",
        _ => return None,
    })
}

/// The part of a path that leads to an entry of a list, counted from 0.
pub(super) fn item(number: usize) -> String {
    format!("[{number}]")
}

/// A place in the text, from 0, and the column that what belongs to it stands right of.
#[derive(Clone, Copy)]
struct Spot {
    line: usize,
    column: usize,
    indent: usize,
}

/// Where a key or an entry of a list stands, in block style by indentation, else by its text.
fn locate(text: &str, path: &[&str]) -> Option<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found: Option<Spot> = None;
    for key in path {
        let number = key.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')?.parse().ok());
        found = Some(match number {
            Some(number) => block_entry(&lines, found?, number).or_else(|| flow_entry(&lines, found?, number))?,
            None => key_below(&lines, found, key)?,
        });
    }
    found.map(|spot| (spot.line + 1, spot.column + 1))
}

/// A key of the map at `from`; without it, of any map.
fn key_below(lines: &[&str], from: Option<Spot>, key: &str) -> Option<Spot> {
    let first = from.map_or(0, |spot| spot.line);
    let begin = |number: usize, line: &str| match from {
        Some(spot) if number == first => spot.column,
        Some(_) | None => indent(line),
    };
    let below = || {
        let is_below = |spot: Spot, line: &str| is_blank(line) || indent(line) > spot.indent;
        let lines = lines.iter().enumerate().skip(first);
        lines.take_while(move |(number, line)| from.is_none_or(|spot| *number == first || is_below(spot, line)))
    };
    let block = below().find_map(|(number, line)| {
        let column = begin(number, line);
        is_key(&line[column..], key).then_some((number, column))
    });
    let inline = || {
        from?;
        below().find_map(|(number, line)| {
            let column = begin(number, line);
            Some((number, column + line[column..].find(&format!("{key}:"))?))
        })
    };
    let (line, column) = block.or_else(inline)?;
    Some(Spot { line, column, indent: column })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_blank(line: &str) -> bool {
    line.trim_start().is_empty() || line.trim_start().starts_with('#')
}

fn is_key(code: &str, key: &str) -> bool {
    let quotes = ['"', '\''];
    let rest = code.trim_start_matches(quotes).strip_prefix(key);
    rest.is_some_and(|rest| rest.trim_start_matches(quotes).starts_with(':'))
}

/// The nth entry of the list whose key stands at `from`, each behind a dash.
fn block_entry(lines: &[&str], from: Spot, number: usize) -> Option<Spot> {
    let below = || lines.iter().enumerate().skip(from.line + 1).filter(|(_, line)| !is_blank(line));
    let dashes = indent(below().next()?.1);
    let is_entry = |line: &str| indent(line) == dashes && line[dashes..].starts_with("- ");
    let mut entries = below()
        .take_while(|(_, line)| dashes >= from.indent && (indent(line) > dashes || is_entry(line)))
        .filter(|(_, line)| is_entry(line));
    let (line, text) = entries.nth(number)?;
    Some(Spot { line, column: dashes + 1 + indent(&text[dashes + 1..]), indent: dashes })
}

/// The same in `[…]`.
fn flow_entry(lines: &[&str], from: Spot, number: usize) -> Option<Spot> {
    let (mut depth, mut seen, mut is_start) = (0, 0, false);
    for (at, line) in lines.iter().enumerate().skip(from.line) {
        for (column, letter) in line.char_indices().filter(|(column, _)| at > from.line || *column >= from.column) {
            if is_start && !letter.is_whitespace() {
                if seen == number {
                    return Some(Spot { line: at, column, indent: from.indent });
                }
                (seen, is_start) = (seen + 1, false);
            }
            match letter {
                '[' | '{' => depth += 1,
                ']' | '}' => depth -= 1,
                _ => {}
            }
            is_start |= depth == 1 && matches!(letter, '[' | ',');
            if depth == 0 && letter == ']' {
                return None;
            }
        }
    }
    None
}

/// Whether the file can be read as its raw form; the first thing that cannot is the error.
pub(super) fn read(text: Text<'_>) -> Result<raw::File, ConfigError> {
    serde_yaml::from_str(text.text).map_err(|error| text.yaml(&error))
}
