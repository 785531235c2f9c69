//! What a command does when nobody reads its stdout any more.

use std::process::{Command, Stdio};

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstay"));
    let output = command.arg("schema").stdout(writer).stderr(Stdio::piped()).output().expect("the binary is built");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
