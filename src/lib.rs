//! Backstay: deploys that end **committed** or **rolled back**, whatever happens on the way.
//!
//! The runner turns `backstay.yml` into a plan whose undo steps lie on the target before anything changes; a
//! small POSIX sh executor on the target carries the plan out and writes every fact to a synced journal; the
//! runner follows the journal and gives its verdict. The rooms, in dependency order; a room knows only rooms
//! above it:
//!
//! | room | holds |
//! |---|---|
//! | [`model`] | ids, durations, outcomes and events that everyone shares |
//! | [`config`] | text → a valid [`config::Config`] |
//! | [`scripts`] | the POSIX sh that runs on the target, and how values are handed to it |
//! | [`journal`] | journal lines ↔ facts, facts folded into a state |
//! | [`plan`] | configuration and probed facts → [`plan::Plan`] |
//! | [`machine`] | the runner's state machine: pure, no clock, no sockets |
//! | [`target`] | how a target is reached: ssh, or this machine |
//! | [`artifact`] | what is deployed: read, checked, packed, sent |
//! | [`check`] | smoke checks |
//! | [`report`] | events → bars, plain lines, JSON lines |
//! | [`github`] | GitHub Actions: deployments, statuses, what a reviewer sees |
//! | [`drive`] | carries out what the machine asks for; it decides nothing |
//! | [`cli`] | the command line; one file a command |

pub mod artifact;
pub mod check;
pub mod cli;
pub mod config;
pub mod drive;
pub mod github;
pub mod journal;
pub mod machine;
pub mod model;
pub mod plan;
pub mod report;
pub mod scripts;
pub mod target;
