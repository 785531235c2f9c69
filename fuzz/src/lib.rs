//! What becomes of any bytes, one module a target: `take` panics where an invariant does not hold. `fuzz_targets` feeds it what
//! libFuzzer thinks of, and `tests/corpus.rs` what lies in `corpus`.

pub mod config;
pub mod github;
pub mod journal;
pub mod link;
pub mod reply;
pub mod text;

mod job;

/// Every target by the name of its folder in `corpus`.
pub const TARGETS: [(&str, fn(&[u8])); 6] = [
    ("config", config::take),
    ("journal", journal::take),
    ("link", link::take),
    ("reply", reply::take),
    ("github", github::take),
    ("text", text::take),
];
