//! Colours, where they are wanted.

/// Whether text is coloured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

/// ECMA-48, Select Graphic Rendition.
pub(super) const BOLD: &str = "1";
pub(super) const RED: &str = "31";
pub(super) const GREEN: &str = "32";
pub(super) const YELLOW: &str = "33";

impl Paint {
    pub(super) fn text(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
