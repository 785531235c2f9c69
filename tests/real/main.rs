//! Whole deploys on real servers: sshd, nginx, php-fpm, Laravel, databases. One binary, so that servers start once.

#[path = "../cases/mod.rs"]
mod cases;
mod support;

mod action;
mod backup;
mod crashes;
mod deploys;
mod drill;
mod dump;
mod evidence;
mod failures;
mod fidelity;
mod guard;
mod keys;
mod kinds;
mod leaks;
mod left;
mod maintenance;
mod mysql;
mod postgres;
mod postgres_crashes;
mod postgres_dump;
mod probe;
mod prove;
mod reach;
mod refusals;
mod rollback;
mod screen;
mod secrets;
mod soak;
mod states;
mod surface;
mod workers;
