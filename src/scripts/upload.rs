//! What takes an artifact on the target.

/// See its head: `$1` is the file.
pub const UPLOAD: &str = include_str!("upload.sh");
