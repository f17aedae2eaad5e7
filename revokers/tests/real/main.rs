//! Revokers against real servers, each started by its test on a free port and stopped by it. `.ci/tools` installs the programs.

mod bench;
mod mariadb;
mod oauth;
mod openssh;
mod pebble;
mod postgres;
mod rabbitmq;
mod redis;
mod server;
