//! A reader of stdout that goes away, as in `backstay plan | head`, ends the command without the words of a panic.

/// Rust ignores SIGPIPE and lets `println!` panic; putting the signal back would take unsafe code. What changes a target
/// does not print so: a deploy goes on without its reader.
pub(super) fn end_with_its_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(|text| text.starts_with("failed printing to stdout: Broken pipe")) {
            std::process::exit(i32::from(super::FAULT));
        }
        usual(panic);
    }));
}
