//! The sections of a configuration, one file each: what is written → what holds, or an error at its place.

mod databases;
mod environment;
mod hooks;
mod maintenance;
mod release;
mod retention;
mod runner;
mod smoke;
mod workers;
