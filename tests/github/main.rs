//! Deployments on GitHub: what is asked of its API, and that whatever it answers there is one Deployment, which shows what is
//! true, and a run that does not wait for it.

mod contract;
mod ends;
mod faults;
mod limits;
mod once;
mod proxy;

mod refusals;
mod secrets;
mod support;
mod truth;
