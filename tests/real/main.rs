//! Whole deploys on real servers: sshd, nginx, php-fpm, Laravel, databases. One binary, so that servers start once.

mod support;

mod deploys;
mod keys;
mod killed;
mod maintenance;
mod mysql;
mod probe;
mod refusals;
mod rollback;
mod screen;
mod workers;
