//! The main job under every failure: a target is made, its deploy is cut at a named place, and what came of it is
//! judged from outside.
//!
//! ```ignore
//! each_case(PLACES.len(), &PLACES, |place, &end| {      // a failing one prints the line that reproduces it
//!     let target = Target::new(Site::with_mariadb());   // it remembers its data
//!     let run = target.deploy_until(place, &["good"]);  // waits there; status, history and logs are held to what is seen
//!     target.cut(|| run.signal("-KILL"));               // the time to the end is measured from here
//!     target.judge(end);                                // waits for the end, and looks at everything
//! });
//! ```

mod cron;
mod disk;
mod judge;
mod killed;
mod lies;
mod link;
mod migration;
mod output;
mod protocol;
mod refused;
mod server;
mod shells;
mod signals;
mod stuck;
mod target;
mod timer;

pub use target::{End, PLACES, Target, print_run};
