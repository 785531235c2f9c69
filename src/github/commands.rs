//! Workflow commands: lines on stdout that the runner obeys.
//!
//! What foreign text comes to is decided here and in `report::escape`: it stands between [`stop`] and its token, where no
//! command counts, and is escaped all the same. The rules of quoting are those of the runner's `ActionCommand.cs`.

use crate::report::shortened;

/// The longest message of an annotation.
const MESSAGE_MAX_BYTES: usize = 4096;

/// Hides a value in everything that is printed from here on. A key is hidden line by line, since the runner looks at lines.
pub fn mask(secret: &str) -> String {
    let lines = secret.lines().map(str::trim).filter(|line| line.len() >= MASK_MIN_BYTES && !line.starts_with("-----"));
    lines.map(|line| format!("::add-mask::{}\n", data(line))).collect()
}

/// Below this a mask would blacken words that have nothing to do with it.
const MASK_MIN_BYTES: usize = 8;

/// From here on nothing is obeyed until [`resume`] with the same token.
pub fn stop(token: &str) -> String {
    format!("::stop-commands::{token}\n")
}

/// Ends [`stop`].
pub fn resume(token: &str) -> String {
    format!("::{token}::\n")
}

/// One annotation, which GitHub shows at the top of the run.
pub fn error(title: &str, message: &str) -> String {
    format!("::error title={}::{}\n", property(title), data(&shortened(message, MESSAGE_MAX_BYTES / 3)))
}

/// Lines that can be folded away. They come between a stop and a resume.
pub fn group(title: &str, text: &str, token: &str) -> String {
    format!("::group::{}\n{}{text}{}::endgroup::\n", data(title), stop(token), resume(token))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hidden_line_by_line_and_its_armour_is_not() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nAAAAB3NzaC1yc2E\r\nabc%0A==\n==\n-----END OPENSSH PRIVATE KEY-----\n";
        assert_eq!(mask(key), "::add-mask::AAAAB3NzaC1yc2E\n::add-mask::abc%250A==\n");
    }

    #[test]
    fn an_annotation_is_one_line_whatever_is_said() {
        let said = error("a: b, c", "first\r\n::set-output name=x::y\n100 %");
        assert_eq!(said, "::error title=a%3A b%2C c::first%0D%0A::set-output name=x::y%0A100 %25\n");
        let long = error("t", &"é".repeat(5000));
        assert!(long.len() < MESSAGE_MAX_BYTES && long.contains('…'), "{}", long.len());
        // each of these becomes three characters
        assert!(error("t", &"%".repeat(5000)).len() < MESSAGE_MAX_BYTES + 100);
    }
}
