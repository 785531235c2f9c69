//! What scripts answer: one fact a line, `name`, a tab, the value; tab, newline, carriage return and backslash
//! in the value written as `\t`, `\n`, `\r`, `\\`. It is also what the MySQL client prints with `--batch`.

/// A reply, in order. Names may repeat. Bytes that are no UTF-8 are shown as U+FFFD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply(Vec<(String, String)>);

impl Reply {
    /// Reads a reply. A line without a tab is no fact (a login banner, a PHP notice) and is passed over.
    pub fn parse(bytes: &[u8]) -> Self {
        let fact = |line: &[u8]| {
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
            line.split_once('\t').map(|(name, value)| (name.to_owned(), unescape(value)))
        };
        Self(bytes.split(|byte| *byte == b'\n').filter_map(fact).collect())
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of that name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_owned();
        self.0.iter().filter(move |(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// The names of all facts, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The facts whose name begins with `prefix`, with the prefix cut off.
    #[must_use]
    pub fn below(&self, prefix: &str) -> Self {
        let cut = |(n, v): &(String, String)| Some((n.strip_prefix(prefix)?.to_owned(), v.clone()));
        Self(self.0.iter().filter_map(cut).collect())
    }
}

/// The facts themselves, in order.
impl IntoIterator for Reply {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Splits one value into columns: a row of a table is written with its inner tabs escaped once more.
pub fn columns(value: &str) -> Vec<String> {
    value.split('\t').map(unescape).collect()
}

fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => text.push('\t'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('0') => text.push('\0'),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_with_their_tabs_and_newlines() {
        let reply = Reply::parse(b"Welcome!\nphp\t8.2\\tx\\\\n\ntable\ta\ntable\tb\n");
        assert_eq!(reply.get("php"), Some("8.2\tx\\n"));
        assert_eq!(reply.all("table").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(reply.get("none"), None);
    }
}
